//! The authorities that are believed: the system's, or those of a file.

use std::env;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};

use crate::answer::Failure;

/// Where systems keep the certificates of the authorities that they trust: Debian and Alpine, Fedora and its kin (both
/// places), openSUSE, and whoever follows OpenSSL's own.
const BUNDLES: [&str; 5] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
];

/// Whose certificates are believed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Trust {
    /// The authorities that this machine trusts.
    #[default]
    System,
    /// Those of a file, and nobody else.
    These(Arc<Authorities>),
}

/// The authorities of one file.
pub struct Authorities {
    path: PathBuf,
    config: Arc<ClientConfig>,
}

/// Certificates that are believed.
#[derive(Debug)]
pub(crate) struct Roots {
    pub(crate) store: RootCertStore,
    /// The certificates themselves: a server that shows one of them is believed too.
    pub(crate) certificates: Vec<CertificateDer<'static>>,
}

impl Trust {
    /// Reads a file of certificates in PEM. The error is a sentence.
    pub fn file(path: &Path) -> Result<Self, String> {
        let place = |why: String| format!("{}: {why}", path.display());
        let roots = read(path).map_err(place)?;
        Ok(Self::These(Arc::new(Authorities {
            path: path.to_owned(),
            config: super::config(&roots).map_err(place)?,
        })))
    }

    pub(super) fn authorities(&self) -> Option<&Authorities> {
        match self {
            Self::System => None,
            Self::These(authorities) => Some(authorities),
        }
    }
}

impl Authorities {
    // The same shape as that of the system's, which may not be there.
    #[allow(clippy::unnecessary_wraps)]
    pub(super) fn config(&self) -> Result<Arc<ClientConfig>, Failure> {
        Ok(Arc::clone(&self.config))
    }
}

impl PartialEq for Authorities {
    fn eq(&self, other: &Self) -> bool {
        self.path == other.path
    }
}

impl Eq for Authorities {}

impl fmt::Debug for Authorities {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_tuple("Authorities")
            .field(&self.path)
            .finish()
    }
}

fn read(path: &Path) -> Result<Roots, String> {
    let mut roots = Roots {
        store: RootCertStore::empty(),
        certificates: Vec::new(),
    };
    let certificates = CertificateDer::pem_file_iter(path).map_err(|error| error.to_string())?;
    for certificate in certificates {
        let certificate = certificate.map_err(|error| error.to_string())?;
        roots
            .store
            .add(certificate.clone())
            .map_err(|error| format!("one of its certificates cannot be read: {error}"))?;
        roots.certificates.push(certificate);
    }
    if roots.store.is_empty() {
        return Err(
            "there is no certificate in it (expected PEM: -----BEGIN CERTIFICATE-----)".into(),
        );
    }
    Ok(roots)
}

/// The authorities that this machine trusts: as `SSL_CERT_FILE` and `SSL_CERT_DIR` say, else the system's bundle. One of them that
/// cannot be read, as old bundles hold, is passed over.
pub(super) fn system() -> Result<Roots, String> {
    let told = |name| env::var_os(name).filter(|value| !value.is_empty());
    let mut files: Vec<PathBuf> = told("SSL_CERT_FILE")
        .map(PathBuf::from)
        .into_iter()
        .collect();
    for directory in told("SSL_CERT_DIR").iter().flat_map(env::split_paths) {
        let entries = std::fs::read_dir(&directory)
            .map_err(|error| format!("SSL_CERT_DIR, {}: {error}", directory.display()))?;
        files.extend(entries.flatten().map(|entry| entry.path()));
    }
    if files.is_empty() {
        let bundle = BUNDLES.iter().find(|path| Path::new(path).exists());
        files.extend(bundle.map(PathBuf::from));
    }
    let mut store = RootCertStore::empty();
    for file in &files {
        if let Ok(certificates) = CertificateDer::pem_file_iter(file) {
            store.add_parsable_certificates(certificates.flatten());
        }
    }
    if store.is_empty() {
        return Err(if files.is_empty() {
            format!(
                "this machine has no list of trusted authorities ({} and the like): install ca-certificates, or name a file of them",
                BUNDLES[0]
            )
        } else {
            let names: Vec<String> = files
                .iter()
                .take(3)
                .map(|file| file.display().to_string())
                .collect();
            format!(
                "there is no certificate of an authority in {}",
                names.join(", ")
            )
        });
    }
    Ok(Roots {
        store,
        certificates: Vec::new(),
    })
}

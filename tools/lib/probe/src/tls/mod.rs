//! Whose word is taken for who somebody is, and what is said where it is not.

mod trust;
mod verify;
mod words;

use std::sync::{Arc, OnceLock};

use rustls::ClientConfig;
use rustls::crypto::{CryptoProvider, ring};

use crate::answer::Failure;

pub use trust::Trust;
pub(crate) use words::words;

impl Trust {
    /// What a connection needs to check the other side.
    pub(crate) fn config(&self) -> Result<Arc<ClientConfig>, Failure> {
        // Reading the system's bundle costs some milliseconds: once for a process, and only where it is needed.
        static SYSTEM: OnceLock<Result<Arc<ClientConfig>, String>> = OnceLock::new();
        match self.authorities() {
            Some(authorities) => authorities.config(),
            None => SYSTEM
                .get_or_init(|| config(&trust::system()?))
                .clone()
                .map_err(Failure::new),
        }
    }
}

/// The configuration that believes these certificates and nobody else.
fn config(roots: &trust::Roots) -> Result<Arc<ClientConfig>, String> {
    let provider: Arc<CryptoProvider> = Arc::new(ring::default_provider());
    let verifier = verify::Verifier::new(roots, &provider)?;
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?
        // The verifier does all that the usual one does, and says more.
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier))
        .with_no_client_auth();
    Ok(Arc::new(config))
}

//! Servers that speak TLS, with the certificates that lie in tests/certificates.

use super::{request, serve};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A file of tests/certificates.
pub fn certificate(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("certificates")
        .join(file)
}

/// Shows that certificate to everybody, and answers each request as `answer` says; the port.
pub fn serve_secure(name: &str, answer: impl Fn(&[u8]) -> Vec<u8> + Send + Sync + 'static) -> u16 {
    let shown = CertificateDer::from_pem_file(certificate(&format!("{name}.pem"))).unwrap();
    let key = PrivateKeyDer::from_pem_file(certificate(&format!("{name}.key"))).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![shown], key)
        .unwrap();
    let config = Arc::new(config);
    serve(move |stream| {
        let connection = ServerConnection::new(Arc::clone(&config)).unwrap();
        let mut stream = StreamOwned::new(connection, stream);
        let asked = request(&mut stream);
        // Who does not believe the certificate asks nothing.
        if !asked.is_empty() && stream.write_all(&answer(&asked)).is_ok() {
            stream.conn.send_close_notify();
            stream.flush().ok();
            // Until the other side has taken it.
            let _ = stream.sock.read(&mut [0]);
        }
    })
}

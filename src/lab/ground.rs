//! What a lab stands on: its authorities and a directory of its own.

use std::fs::Permissions;
use std::io::{self, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::ServerConfig;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::lab::pki::{Leaf, Pki};

/// The name under which every stand-in of a scenario is reached.
pub const HOST: &str = "peer.lab.example";

/// The authorities, and a private directory for certificates and secrets that goes with the value.
#[derive(Debug)]
pub struct Ground {
    /// The certificate authorities.
    pub pki: Pki,
    directory: TempDir,
}

impl Ground {
    /// Makes authorities and directory, and writes `ca.pem`.
    pub fn new() -> io::Result<Self> {
        let directory = tempfile::Builder::new()
            .prefix("connprobe-lab-")
            .permissions(Permissions::from_mode(0o700))
            .tempdir()?;
        let ground = Self { pki: Pki::new()?, directory };
        ground.file("ca.pem", &ground.pki.ca_pem())?;
        Ok(ground)
    }

    /// The directory.
    pub fn directory(&self) -> &Path {
        self.directory.path()
    }

    /// The file with the trusted authority.
    pub fn ca_file(&self) -> PathBuf {
        self.directory().join("ca.pem")
    }

    /// Writes a file that only its owner can read, and gives its path.
    pub fn file(&self, name: &str, text: &str) -> io::Result<PathBuf> {
        let path = self.directory().join(name);
        let mut options = std::fs::OpenOptions::new();
        options.write(true).create(true).truncate(true).mode(0o600);
        options.open(&path)?.write_all(text.as_bytes())?;
        Ok(path)
    }

    /// Writes a secret and gives the reference that a site file has for it.
    pub fn secret(&self, name: &str, text: &str) -> io::Result<Value> {
        Ok(json!({ "file": self.file(name, text)? }))
    }

    /// TLS with a good certificate for [`HOST`].
    pub fn tls(&self) -> io::Result<Arc<ServerConfig>> {
        self.tls_of(&Leaf { sans: &[HOST], ..Leaf::GOOD })
    }

    /// TLS with the given leaf.
    pub fn tls_of(&self, leaf: &Leaf<'_>) -> io::Result<Arc<ServerConfig>> {
        self.pki.tls(&self.pki.leaf(leaf)?)
    }

    /// The site's `tls:` that trusts this lab.
    pub fn verify_full(&self) -> Value {
        json!({"mode": "verify-full", "ca_file": self.ca_file()})
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_directory_is_private_and_goes_with_the_ground() {
        let ground = Ground::new().unwrap();
        let directory = ground.directory().to_path_buf();
        let mode = std::fs::metadata(&directory).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o700);
        let secret = ground.file("password", "s3cret-word").unwrap();
        assert_eq!(std::fs::metadata(secret).unwrap().permissions().mode() & 0o777, 0o600);
        drop(ground);
        assert!(!directory.exists());
    }
}

//! TLS to Redis and to PostgreSQL: encrypted, and the certificate verified.

use std::path::{Path, PathBuf};

use diesel::prelude::*;
use tempfile::TempDir;

use super::beside;
use super::servers::{Postgres, Redis, free_port};
use crate::site::Home;
use crate::support::guest::Guest;
use crate::support::process::{self, Process};

/// A certificate authority and a certificate for `localhost` signed by it.
struct Certificates {
    folder: TempDir,
}

impl Certificates {
    fn new() -> Certificates {
        let certificates = Certificates { folder: tempfile::tempdir().unwrap() };
        let key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
        certificates.openssl(&[&["req", "-x509", "-days", "2", "-subj", "/CN=An authority", "-keyout", "ca.key", "-out", "ca.pem"], &key[..]].concat());
        certificates.openssl(&[&["req", "-subj", "/CN=localhost", "-keyout", "key.pem", "-out", "csr.pem"], &key[..]].concat());
        std::fs::write(certificates.file("names"), "subjectAltName=DNS:localhost").unwrap();
        certificates.openssl(&[
            "x509",
            "-req",
            "-days",
            "2",
            "-in",
            "csr.pem",
            "-CA",
            "ca.pem",
            "-CAkey",
            "ca.key",
            "-CAcreateserial",
            "-extfile",
            "names",
            "-out",
            "cert.pem",
        ]);
        certificates
    }

    fn openssl(&self, args: &[&str]) {
        let made = std::process::Command::new("openssl").args(args).current_dir(self.folder.path()).output().expect("openssl");
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn name(&self, name: &str) -> String {
        self.file(name).display().to_string()
    }
}

#[tokio::test]
async fn redis_over_tls_is_used_if_its_certificate_is_good_and_only_then() {
    let (certificates, port) = (Certificates::new(), free_port().to_string());
    let (cert, key, authority) = (certificates.name("cert.pem"), certificates.name("key.pem"), certificates.name("ca.pem"));
    let redis = Redis::with(&["--tls-port", &port, "--tls-cert-file", &cert, "--tls-key-file", &key, "--tls-auth-clients", "no"]).await;
    let starts = async |url: String, trusted: &str| {
        let home = beside(Some(url));
        let mut command = process::command(&[], &process::environment(&home));
        command.env("SSL_CERT_FILE", trusted);
        Process::start(command).await
    };
    let good = starts(format!("rediss://localhost:{port}"), &authority).await;
    assert!(good.log.iter().any(|line| line.contains("carries the stamps now")), "{:?}", good.log);
    let sets = |redis: &Redis| redis.calls().get("set").copied().unwrap_or(0);
    let before = sets(&redis);
    let (ada, _bob) = (Guest::signs_up(&good.url, "ada").await, Guest::signs_up(&good.url, "bob").await);
    assert_eq!(ada.posts(format!("{}/people/bob/follow", good.url)).await.unwrap(), 303);
    assert_eq!(sets(&redis) - before, 1);

    let stranger = Certificates::new();
    for (url, trusted) in [(format!("rediss://localhost:{port}"), stranger.name("ca.pem")), (format!("rediss://127.0.0.1:{port}"), authority)] {
        let site = starts(url.clone(), &trusted).await;
        let refused = site.log.iter().find(|line| line.contains("out of use")).unwrap_or_else(|| panic!("{url}: {:?}", site.log));
        assert!(refused.contains("certificate"), "{refused}");
        assert_eq!(reqwest::get(format!("{}/readyz", site.url)).await.unwrap().status(), 200, "and it serves without");
    }
}

#[tokio::test]
async fn postgres_over_tls() {
    let certificates = Certificates::new();
    let postgres = Postgres::with(|folder| {
        let (cert, key) = (folder.join("cert.pem"), folder.join("key.pem"));
        hand_over(&certificates.file("cert.pem"), &cert);
        hand_over(&certificates.file("key.pem"), &key);
        let set = |name: &str, value: &Path| format!("{name}={}", value.display());
        ["ssl=on".to_owned(), set("ssl_cert_file", &cert), set("ssl_key_file", &key)].into_iter().flat_map(|option| ["-c".to_owned(), option]).collect()
    })
    .await;
    let plain = postgres.url();
    let at = |host: &str, query: &str| format!("{}?{query}", plain.replace("127.0.0.1", host).clone() + "/postgres");
    let verified = format!("sslmode=verify-full&sslrootcert={}", certificates.name("ca.pem"));
    for url in [at("127.0.0.1", "sslmode=require"), at("localhost", &verified)] {
        let home = Home::named(url);
        drop(Process::serve(&home).await);
        let mut shell = home.shell();
        let encrypted = diesel::select(diesel::dsl::sql::<diesel::sql_types::Bool>("(SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid())"));
        assert!(encrypted.get_result::<bool>(&mut shell).unwrap(), "{}", home.database_url);
    }
    let refused = process::run(&[], &[("PORT", "0"), ("DATABASE_URL", &at("127.0.0.1", &verified))]).await;
    assert!(!refused.status.success() && refused.stderr.contains("certificate"), "{}", refused.stderr);

    let without = std::env::var("TEST_POSTGRES").unwrap() + "/postgres?sslmode=require";
    let refused = process::run(&[], &[("PORT", "0"), ("DATABASE_URL", &without)]).await;
    assert!(!refused.status.success() && refused.stderr.contains("SSL"), "never plain text instead: {}", refused.stderr);
}

/// A copy with the owner and mode that PostgreSQL demands.
fn hand_over(from: &Path, to: &Path) {
    std::fs::copy(from, to).unwrap();
    std::fs::set_permissions(to, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    let is_root = std::process::Command::new("id").arg("-u").output().unwrap().stdout == b"0\n";
    if is_root {
        assert!(std::process::Command::new("chown").arg("postgres").arg(to).status().unwrap().success());
    }
}

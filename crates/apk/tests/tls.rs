//! https: which certificates are believed. The servers are `openssl s_server`; where there is no openssl, the test says so
//! and does nothing.

#![expect(clippy::unwrap_used, reason = "what fails here fails the test")]

mod common;

use std::fs;
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use common::Scratch;

/// A server that ends with this.
struct Server {
    child: Child,
    port: u16,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn openssl(folder: &Path, line: &str) -> bool {
    let mut command = Command::new("openssl");
    command.args(line.split(' ')).current_dir(folder).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

/// Makes an authority, and certificates by it: `good`, `expired`, `other` (of another host), `client`; and `own`, which signs
/// itself.
fn certificates(folder: &Path) {
    let run = |line: &str| assert!(openssl(folder, line), "openssl {line}");
    let key = "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes";
    run(&format!("req -x509 {key} -keyout ca.key -out ca.pem -subj /CN=authority -days 30"));
    for (name, host, days) in [
        ("good", "localhost", "30"),
        ("expired", "localhost", "-1"),
        ("other", "elsewhere", "30"),
        ("client", "me", "30"),
    ] {
        run(&format!("req -new {key} -keyout {name}.key -out {name}.csr -subj /CN={host}"));
        fs::write(
            folder.join("extensions"),
            format!("subjectAltName=DNS:{host}\nbasicConstraints=CA:FALSE\n"),
        )
        .unwrap();
        let line =
            format!("x509 -req -in {name}.csr -CA ca.pem -CAkey ca.key -CAcreateserial -out {name}.pem");
        run(&format!("{line} -days {days} -extfile extensions"));
    }
    run(&format!(
        "req -x509 {key} -keyout own.key -out own.pem -subj /CN=localhost -addext subjectAltName=DNS:localhost"
    ));
}

/// Serves the files of `folder`.
fn serve(folder: &Path, certificate: &str, options: &str) -> Server {
    // A port that is free now.
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let child = Command::new("openssl")
        .args(["s_server", "-accept", &format!("127.0.0.1:{port}"), "-WWW", "-quiet"])
        .args(["-cert", &format!("{certificate}.pem"), "-key", &format!("{certificate}.key")])
        .args(options.split_whitespace())
        .current_dir(folder)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let server = Server { child, port };
    let begun = Instant::now();
    while TcpStream::connect(("127.0.0.1", port)).is_err() {
        assert!(begun.elapsed() < Duration::from_secs(20), "the server does not answer");
        std::thread::sleep(Duration::from_millis(50));
    }
    server
}

/// What fetching the index says.
fn update(folder: &Path, port: u16, options: &[&str], variables: &[(&str, &str)]) -> (String, i32) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_apk"));
    command.args(["--root", "root", "--allow-untrusted", "--arch", "x86_64", "--timeout", "10", "-X"]);
    command.arg(format!("https://localhost:{port}/v3/x86_64/Packages.adb")).args(options).arg("update");
    for name in ["SSL_CERT_FILE", "SSL_CLIENT_CERT_FILE", "SSL_CLIENT_KEY_FILE", "HTTPS_PROXY", "https_proxy"]
    {
        command.env_remove(name);
    }
    let output = command.envs(variables.iter().copied()).current_dir(folder).output().unwrap();
    let text = [output.stdout, output.stderr].concat();
    (String::from_utf8_lossy(&text).into_owned(), output.status.code().unwrap())
}

#[test]
fn who_is_believed() {
    let scratch = Scratch::new("tls");
    let folder = &scratch.path;
    if !openssl(folder, "version") {
        eprintln!("skipped: there is no openssl");
        return;
    }
    certificates(folder);
    common::Packages::parse("package v3 a 1\n  f usr/a 644 x\n").write(folder);
    let mut made = Command::new(env!("CARGO_BIN_EXE_apk"));
    made.args(["--root", "root", "--initdb", "add"]).current_dir(folder);
    assert!(made.output().unwrap().status.success());
    let ca: &[(&str, &str)] = &[("SSL_CERT_FILE", "ca.pem")];
    let (refused, mismatch) = ("TLS: server certificate not trusted", "TLS: server hostname mismatch");
    for (certificate, options, variables, expected) in [
        ("good", &[][..], ca, "OK: 1 distinct packages available"),
        ("expired", &[], ca, refused),
        ("other", &[], ca, mismatch),
        ("own", &[], ca, refused),
        ("good", &[], &[("SSL_CERT_FILE", "own.pem")], refused),
        ("expired", &["--no-check-certificate"], ca, "OK: 1 distinct packages available"),
        ("own", &["--no-check-certificate"], &[], "OK: 1 distinct packages available"),
    ] {
        let _ = fs::remove_dir_all(folder.join("root/var/cache/apk"));
        let server = serve(folder, certificate, "");
        let (text, code) = update(folder, server.port, options, variables);
        assert!(text.contains(expected), "{certificate} {options:?} {variables:?}: {text}");
        assert_eq!(code, i32::from(expected.starts_with("TLS")), "{certificate}: {text}");
    }
    // Both versions of the protocol, and a server that wants to know who we are.
    for options in ["-tls1_2", "-tls1_3", "-Verify 1 -CAfile ca.pem -verify_return_error"] {
        let _ = fs::remove_dir_all(folder.join("root/var/cache/apk"));
        let server = serve(folder, "good", options);
        let variables = [
            ("SSL_CERT_FILE", "ca.pem"),
            ("SSL_CLIENT_CERT_FILE", "client.pem"),
            ("SSL_CLIENT_KEY_FILE", "client.key"),
        ];
        let (text, code) = update(folder, server.port, &[], &variables);
        assert_eq!(code, 0, "{options}: {text}");
        if options.starts_with("-Verify") {
            let _ = fs::remove_dir_all(folder.join("root/var/cache/apk"));
            let (text, code) = update(folder, server.port, &[], &variables[..1]);
            assert_eq!(code, 1, "without a certificate: {text}");
            assert!(text.contains("TLS"), "{text}");
        }
    }
}

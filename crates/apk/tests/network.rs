//! Servers that fail in every way, mirrors that help, proxies, and the words that say what was wrong.

#![expect(clippy::unwrap_used, reason = "what fails here fails the test")]

mod common;

use std::fs;
use std::net::TcpListener;
use std::process::{Command, Output, Stdio};
use std::time::Instant;

use common::server::Server;
use common::{Packages, Scratch};

const PACKAGES: &str = "\
package v2 x 1
  d usr 755
  f usr/x 644 x
package v2 y 1
  d usr 755
  f usr/y 644 y
package v2 z 1
  d usr 755
  f usr/z 644 z
";

struct Place {
    scratch: Scratch,
    server: Server,
}

impl Place {
    fn new(name: &str) -> Place {
        let scratch = Scratch::new(name);
        Packages::parse(PACKAGES).write(&scratch.path);
        fs::create_dir(scratch.path.join("root")).unwrap();
        let server = Server::start(scratch.path.clone());
        let place = Place { scratch, server };
        assert!(place.apk("", &[], &["--initdb", "add"]).status.success());
        place
    }

    fn url(&self, kind: &str) -> String {
        format!("http://127.0.0.1:{}/{kind}", self.server.port)
    }

    fn apk(&self, repository: &str, environment: &[(&str, &str)], words: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_apk"));
        command.args(["--root", "root", "--allow-untrusted", "--arch", "x86_64", "--timeout", "1"]);
        if !repository.is_empty() {
            command.args(["--repository", repository]);
        }
        command.args(words).current_dir(&self.scratch.path).stdin(Stdio::null());
        for name in ["http_proxy", "https_proxy", "no_proxy"] {
            command.env_remove(name).env_remove(name.to_uppercase());
        }
        command.envs(environment.iter().copied()).output().unwrap()
    }

    /// Fetches the index anew, and says what was wrong with it.
    fn update(&self, repository: &str, environment: &[(&str, &str)]) -> String {
        let output = self.apk(repository, environment, &["--force-refresh", "update"]);
        String::from_utf8_lossy(&output.stderr).into_owned()
    }

    fn mirrors(&self, places: &[String]) {
        let folder = self.scratch.path.join("root/etc/apk/mirrors.d");
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("all.list"), places.join("\n")).unwrap();
    }

    fn requests(&self) -> Vec<String> {
        std::mem::take(&mut *self.server.requests.lock().unwrap())
    }

    /// The paths that were asked for.
    fn paths(&self) -> Vec<String> {
        self.requests().iter().map(|request| request.split(' ').nth(1).unwrap().to_string()).collect()
    }
}

/// A port that nobody listens on.
fn dead() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    format!("http://127.0.0.1:{}/v2", listener.local_addr().unwrap().port())
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&[&output.stdout[..], &output.stderr].concat()).into_owned()
}

#[test]
fn what_is_wrong_is_said() {
    let place = Place::new("network-words");
    // A server that takes connections and says nothing.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let silent = format!("http://127.0.0.1:{}/v2", silent.local_addr().unwrap().port());
    for (url, expected) in [
        (dead(), "Connection refused"),
        (place.url("404/v2"), "HTTP 404: Not Found"),
        (place.url("403/v2"), "HTTP 403: Forbidden"),
        (place.url("500/v2"), "HTTP 500: Internal Server Error"),
        (place.url("auth/v2"), "HTTP 401: Unauthorized"),
        (place.url("short/v2"), "unexpected end of file"),
        ("http://nothing.invalid/v2".to_string(), "DNS: "),
        (place.url("v2").replace("http:", "https:"), "TLS"),
    ] {
        let said = place.update(&url, &[]);
        assert!(said.contains(expected), "{url}: {said}");
    }
    drop(silent);
}

#[test]
fn a_server_that_says_nothing() {
    let place = Place::new("network-timeout");
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://127.0.0.1:{}/v2", listener.local_addr().unwrap().port());
    place.mirrors(&[url.clone(), place.url("v2")]);
    let begin = Instant::now();
    let said = place.update(&url, &[]);
    let took = begin.elapsed().as_secs_f64();
    assert_eq!(
        said,
        format!("WARNING: {url}/x86_64/APKINDEX.tar.gz: timed out waiting for the server; a mirror has it\n")
    );
    assert!((0.9..10.0).contains(&took), "{took}");
}

#[test]
fn the_next_mirror_is_asked() {
    let place = Place::new("network-mirrors");
    let kinds = ["404/v2", "500/v2", "short/v2", "drop/v2"].map(|kind| place.url(kind));
    let good = place.url("v2");
    for bad in kinds.iter().chain([&dead()]) {
        place.mirrors(&[bad.clone(), good.clone()]);
        let said = place.update(bad, &[]);
        assert!(said.starts_with(&format!("WARNING: {bad}/x86_64/APKINDEX.tar.gz: ")), "{bad}: {said}");
        assert!(said.ends_with("; a mirror has it\n"), "{bad}: {said}");
        let output = place.apk(bad, &[], &["-q", "add", "x", "y", "z"]);
        assert!(output.status.success(), "{bad}: {output:?}");
        assert!(place.apk("", &[], &["-q", "del", "x", "y", "z"]).status.success());
    }
    // None of them has it: what the repository itself said is the reason.
    place.mirrors(&[dead(), place.url("404/v2"), place.url("403/v2")]);
    let said = place.update(&place.url("404/v2"), &[]);
    assert!(said.ends_with("HTTP 404: Not Found\n"), "{said}");
    // Lists that do not have the url are not asked.
    place.mirrors(&[dead(), place.url("v2")]);
    place.requests();
    place.update(&place.url("404/v2"), &[]);
    assert_eq!(place.paths(), ["/404/v2/x86_64/APKINDEX.tar.gz"]);
}

#[test]
fn a_mirror_that_helped_is_asked_first() {
    let place = Place::new("network-trusted");
    let bad = place.url("500/v2");
    place.mirrors(&[bad.clone(), place.url("v2")]);
    let output = place.apk(&bad, &[], &["add", "x", "y", "z"]);
    assert!(output.status.success(), "{output:?}");
    let paths = place.paths();
    assert_eq!(paths.iter().filter(|path| path.starts_with("/500/")).count(), 1, "{paths:?}");
}

#[test]
fn what_a_mirror_broke_off_another_goes_on_with() {
    let place = Place::new("network-resume");
    place.mirrors(&[place.url("lazy/v2"), place.url("v2")]);
    let output = place.apk(&place.url("lazy/v2"), &[], &["add", "x"]);
    assert!(output.status.success(), "{output:?}");
    let requests = place.requests();
    assert_eq!(requests.len(), 3, "{requests:?}");
    let last = &requests[2];
    assert!(last.starts_with("GET /v2/x86_64/x-1.apk ") && last.contains("Range: bytes="), "{last}");
}

#[test]
fn a_transfer_that_is_cut_is_taken_up() {
    let place = Place::new("network-cut");
    let output = place.apk(&place.url("cut/v2"), &[], &["add", "x"]);
    assert!(output.status.success(), "{output:?}");
    let requests = place.requests();
    assert_eq!(
        requests.iter().filter(|request| request.contains("If-Range: \"e\"\r\n")).count(),
        2,
        "{requests:?}"
    );
}

#[test]
fn trouble_that_may_pass_is_waited_for() {
    let place = Place::new("network-again");
    let begin = Instant::now();
    place.update(&place.url("500/v2"), &[]);
    assert_eq!(place.paths().len(), 4);
    // The pauses double: 250, 500 and 1000 ms.
    assert!(begin.elapsed().as_millis() >= 1750);
    place.update(&place.url("404/v2"), &[]);
    assert_eq!(place.paths().len(), 1);
}

#[test]
fn what_did_not_change_does_not_come_again() {
    let place = Place::new("network-unchanged");
    let url = place.url("v2");
    assert!(place.apk(&url, &[], &["update"]).status.success());
    let output = place.apk(&url, &[], &["update"]);
    assert_eq!(said(&output).lines().last(), Some("OK: 3 distinct packages available"));
    let requests = place.requests();
    assert!(!requests[0].contains("If-Modified-Since: "), "{requests:?}");
    assert!(requests[1].contains("If-Modified-Since: "), "{requests:?}");
}

#[test]
fn redirects() {
    let place = Place::new("network-redirect");
    assert_eq!(place.update(&place.url("redirect/v2"), &[]), "");
    assert_eq!(place.paths(), ["/redirect/v2/x86_64/APKINDEX.tar.gz", "/v2/x86_64/APKINDEX.tar.gz"]);
    let round = "redirect/".repeat(12);
    let said = place.update(&place.url(&format!("{round}v2")), &[]);
    assert!(said.contains("too many redirects"), "{said}");
}

#[test]
fn proxies() {
    let place = Place::new("network-proxy");
    let proxy = place.url("").trim_end_matches('/').to_string();
    let elsewhere = "http://elsewhere.invalid/v2";
    let index = "/v2/x86_64/APKINDEX.tar.gz";
    for name in ["http_proxy", "HTTP_PROXY"] {
        assert_eq!(place.update(elsewhere, &[(name, &proxy)]), "", "{name}");
        let request = place.requests().remove(0);
        assert!(request.starts_with(&format!("GET http://elsewhere.invalid{index} ")), "{request}");
        assert!(request.contains("Host: elsewhere.invalid\r\n"), "{request}");
    }
    let with_user = proxy.replace("http://", "http://u:p@");
    assert_eq!(place.update(elsewhere, &[("http_proxy", &with_user)]), "");
    let request = place.requests().remove(0);
    assert!(request.contains("Proxy-Authorization: Basic dTpw\r\n"), "{request}");
    // For https the proxy is asked for a way through, which this one does not know.
    let said = place.update("https://elsewhere.invalid/v2", &[("https_proxy", &proxy)]);
    assert!(said.contains("proxy: HTTP 404: Not Found"), "{said}");
    assert!(place.requests()[0].starts_with("CONNECT elsewhere.invalid:443 HTTP/1.1\r\n"));
    // Hosts that are reached without.
    for none in ["127.0.0.1", "localhost,127.0.0.1", "*"] {
        let said = place.update(&place.url("v2"), &[("http_proxy", &dead()), ("no_proxy", none)]);
        assert_eq!(said, "", "{none}");
    }
}

#[test]
fn packages_come_side_by_side() {
    let place = Place::new("network-parallel");
    // Each stalls until it is given up after a second, and then goes on at the other: one after the other, that takes three.
    place.mirrors(&[place.url("lazy/v2"), place.url("v2")]);
    assert!(place.apk(&place.url("lazy/v2"), &[], &["update"]).status.success());
    let begin = Instant::now();
    let output = place.apk(&place.url("lazy/v2"), &[], &["add", "x", "y", "z"]);
    assert!(output.status.success(), "{output:?}");
    assert!(begin.elapsed().as_millis() < 2500, "{:?}", begin.elapsed());
}

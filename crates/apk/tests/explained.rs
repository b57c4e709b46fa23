//! `--explain`: what follows the reference's lines where there is no solution.

use std::fs;
use std::process::Command;

use apk::identity::Digest;
use apk::v2::writer::Member;

#[test]
fn causes_chains_and_near_names() {
    let root = std::env::temp_dir().join(format!("apk-explained-{}", std::process::id()));
    for folder in ["etc/apk", "lib/apk/db", "var/cache/apk"] {
        fs::create_dir_all(root.join(folder)).unwrap();
    }
    for (file, text) in [
        ("etc/apk/arch", "x86_64\n"),
        ("etc/apk/world", "\n"),
        ("lib/apk/db/installed", ""),
        ("lib/apk/db/triggers", ""),
    ] {
        fs::write(root.join(file), text).unwrap();
    }
    let mut index = String::new();
    for (name, depends) in [("top", "middle"), ("middle", "libcurl"), ("libcurl4", ""), ("other", "")] {
        let mut identity = Vec::new();
        Digest::sha1(name.as_bytes()).write(&mut identity);
        let identity = String::from_utf8(identity).unwrap();
        index += &format!("C:{identity}\nP:{name}\nV:1\nA:x86_64\nS:1\nI:1\nT:t\nU:u\nL:l\nD:{depends}\n\n");
    }
    let mut member = Member::new();
    member.file(b"APKINDEX", 0, index.as_bytes());
    let hash = Digest::sha256(b"test:have/x86_64/APKINDEX.tar.gz").hex();
    fs::write(root.join(format!("var/cache/apk/APKINDEX.{}.tar.gz", &hash[..8])), member.pack(true).unwrap())
        .unwrap();
    let errors = |arguments: &str| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_apk"));
        command.env_clear().args(["--allow-untrusted", "--simulate", "--root"]).arg(&root);
        let output = command.args(arguments.split(' ')).output().unwrap();
        String::from_utf8(output.stderr).unwrap()
    };
    let reference = "ERROR: unable to select packages:\n  libcurl (no such package):\n    required by: middle-1[libcurl]\n";
    assert_eq!(errors("-X test:have add top"), reference);
    let chain = "libcurl is needed by: world > top-1 > middle-1 > libcurl\nlibcurl looks like: libcurl4\n";
    let advice = "try: 'apk update', 'apk search NAME', or another name or repository\n";
    assert_eq!(errors("-X test:have add --explain top"), format!("{reference}{chain}{advice}"));
    let unread = errors("-X test:lost add --explain top");
    assert!(unread.contains("cause: test:lost could not be read (No such file or directory)"), "{unread}");
    let _ = fs::remove_dir_all(&root);
}

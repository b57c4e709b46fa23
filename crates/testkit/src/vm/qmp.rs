//! qmp — QEMU's machine protocol: lines of JSON over a socket.
//!
//! Source: QEMU's QMP reference, `qmp_capabilities`, events `SHUTDOWN` and `RESET`.

use std::io::{self, BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::Child;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

pub(super) struct Qmp {
    stream: UnixStream,
    reason: Arc<Mutex<String>>,
    reader: Option<JoinHandle<()>>,
}

impl Qmp {
    /// Connects as soon as the emulator listens and asks for events.
    pub(super) fn connect(socket: &Path, limit: Duration, child: &mut Child) -> io::Result<Qmp> {
        let start = Instant::now();
        let stream = loop {
            match UnixStream::connect(socket) {
                Ok(stream) => break stream,
                // The socket appears a few milliseconds after the emulator's start; nothing announces it.
                Err(error) if start.elapsed() > limit || child.try_wait()?.is_some() => return Err(error),
                Err(_) => std::thread::sleep(Duration::from_millis(5)),
            }
        };
        let reason = Arc::new(Mutex::new(String::new()));
        let shared = Arc::clone(&reason);
        let lines = BufReader::new(stream.try_clone()?).lines();
        let reader = std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                if let Some(found) = shutdown_reason(&line) {
                    *shared.lock().unwrap_or_else(PoisonError::into_inner) = found;
                }
            }
        });
        let mut qmp = Qmp { stream, reason, reader: Some(reader) };
        qmp.execute("qmp_capabilities")?;
        Ok(qmp)
    }

    /// Sends a command without arguments.
    pub(super) fn execute(&mut self, command: &str) -> io::Result<()> {
        let line = serde_json::json!({ "execute": command });
        self.stream.write_all(format!("{line}\n").as_bytes())
    }

    /// Why the machine shut down; to be asked after the emulator's end.
    pub(super) fn shutdown_reason(&mut self) -> String {
        if let Some(reader) = self.reader.take() {
            // The socket is closed by now, so the thread ends.
            let _ = reader.join();
        }
        self.reason.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// The reason in a `SHUTDOWN` event.
fn shutdown_reason(line: &str) -> Option<String> {
    let event: serde_json::Value = serde_json::from_str(line).ok()?;
    if event["event"] != "SHUTDOWN" {
        return None;
    }
    Some(event["data"]["reason"].as_str().unwrap_or_default().to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_reason() {
        let line = r#"{"timestamp": {"seconds": 1}, "event": "SHUTDOWN", "data": {"guest": true, "reason": "guest-reset"}}"#;
        assert_eq!(shutdown_reason(line).unwrap(), "guest-reset");
        assert_eq!(shutdown_reason(r#"{"return": {}}"#), None);
        assert_eq!(shutdown_reason("nonsense"), None);
    }
}

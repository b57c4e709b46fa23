//! update — fetch the indexes of all repositories.

use super::system::{ALL, System};
use super::{Applet, Cx, Result};
use crate::repository;

pub static APPLET: Applet = Applet {
    name: "update",
    summary: "Update repository indexes",
    usage: &[""],
    description: "Fetches the indexes of all repositories, as old as those in the cache may be. Other commands fetch \
                  them themselves when they are too old. Where a server fails, those are asked that \
                  /etc/apk/mirrors.d/*.list names beside it: places with the same files, a url a line.",
    groups: &[],
    run,
};

fn run(cx: &mut Cx) -> Result {
    let system = System::open(cx, ALL)?;
    for (repository, index) in system.repositories.list.iter().zip(&system.indexes) {
        if let Ok(description) = index {
            let url = repository::printable(&repository.url);
            cx.messages.message([&description[..], b" [", &url, b"]"].concat());
        }
    }
    let (unavailable, stale) = (system.unavailable, system.stale);
    let lead = match unavailable + stale {
        0 => "OK:".to_string(),
        _ => format!("{unavailable} unavailable, {stale} stale;"),
    };
    cx.messages.message(format!("{lead} {} distinct packages available", system.distinct_packages()));
    Ok((unavailable + stale) as i32)
}

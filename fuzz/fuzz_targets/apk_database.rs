//! apk_database — the files of a root: installed packages, scripts, triggers, world, log, lock, journal and plan.
//!
//! The first byte chooses which.

#![no_main]

use apk::database::installed::Installed;
use apk::database::{scripts, triggers};
use apk::transaction::journal;
use apk::transaction::plan::Plan;
use apk::{history, lockfile};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Some((&choice, text)) = data.split_first() else { return };
    match choice % 8 {
        0 | 1 => {
            let Ok(mut installed) = Installed::parse(text.to_vec(), choice % 2 == 0) else { return };
            for record in installed.packages() {
                installed.full_name(record);
                installed.identity(record);
                installed.replaces(record);
                installed.entries(record).for_each(drop);
                // What is put in again says the same.
                installed.lines(record);
            }
            if !installed.packages().is_empty() {
                let lines = installed.lines(&installed.packages()[0]);
                let count = installed.packages().len();
                installed.put(Some(0), &lines);
                assert_eq!(installed.packages().len(), count);
                installed.retain(|position| position != 0);
                assert_eq!(installed.packages().len(), count - 1);
            }
            let written = installed.write();
            let again = Installed::parse(written, true).expect("it was written by us");
            assert_eq!(again.packages().len(), installed.packages().len());
        }
        2 => drop(scripts::parse(text)),
        3 => drop(triggers::parse(text)),
        4 => drop(history::parse(text)),
        5 => drop(lockfile::parse(text)),
        6 => drop(journal::parse(text)),
        _ => drop(Plan::parse(text.to_vec())),
    }
});

//! names — the kernel's numbers for tables, protocols, scopes and route types, and their names.
//!
//! Source: linux/rtnetlink.h; iproute2's rt_tables, rt_protos and rt_scopes files, which /etc/iproute2 may extend.

use std::fs;

use super::words::number;

pub(super) struct Names {
    own: &'static [(u32, &'static str)],
    file: &'static str,
}

pub(super) const TABLES: Names =
    Names { own: &[(255, "local"), (254, "main"), (253, "default"), (0, "unspec")], file: "rt_tables" };
pub(super) const PROTOCOLS: Names = Names {
    own: &[
        (0, "none"),
        (1, "redirect"),
        (2, "kernel"),
        (3, "boot"),
        (4, "static"),
        (8, "gated"),
        (9, "ra"),
        (10, "mrt"),
        (11, "zebra"),
        (12, "bird"),
        (16, "dhcp"),
    ],
    file: "rt_protos",
};
pub(super) const SCOPES: Names = Names {
    own: &[(0, "global"), (255, "nowhere"), (254, "host"), (253, "link"), (200, "site")],
    file: "rt_scopes",
};
pub(super) const TYPES: Names = Names {
    own: &[
        (0, "none"),
        (1, "unicast"),
        (2, "local"),
        (3, "broadcast"),
        (4, "anycast"),
        (5, "multicast"),
        (6, "blackhole"),
        (7, "unreachable"),
        (8, "prohibit"),
        (9, "throw"),
        (10, "nat"),
    ],
    file: "",
};

impl Names {
    pub(super) fn name(&self, wanted: u32) -> String {
        let own = self.own.iter().find(|(number, _)| *number == wanted).map(|(_, name)| (*name).to_string());
        own.or_else(|| self.in_files(&mut |number, _| number == wanted).map(|(_, name)| name))
            .unwrap_or_else(|| wanted.to_string())
    }

    pub(super) fn number(&self, wanted: &str) -> Option<u32> {
        let own = self.own.iter().find(|(_, name)| *name == wanted).map(|(number, _)| *number);
        own.or_else(|| number(wanted))
            .or_else(|| self.in_files(&mut |_, name| name == wanted).map(|(number, _)| number))
    }

    fn in_files(&self, fits: &mut dyn FnMut(u32, &str) -> bool) -> Option<(u32, String)> {
        if self.file.is_empty() {
            return None;
        }
        ["/etc/iproute2", "/usr/share/iproute2"].iter().find_map(|folder| {
            let text = fs::read_to_string(format!("{folder}/{}", self.file)).ok()?;
            text.lines().find_map(|line| {
                let mut words = line.split_ascii_whitespace();
                let number = number(words.next()?)?;
                let name = words.next()?;
                fits(number, name).then(|| (number, name.to_string()))
            })
        })
    }
}

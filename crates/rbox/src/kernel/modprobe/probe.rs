//! probe — what must be loaded for a name, in which order, and the loading; and the way back.

use super::super::common::{self, load_error, load_file, module_name, underscored};
use super::super::database::{Database, Module};
use super::config::Config;
use crate::prelude::*;
use sys::command::Command;

pub(super) struct Settings {
    /// Print what is done, as `-D` and `-nv` do.
    pub(super) show: bool,
    /// Do it.
    pub(super) act: bool,
    pub(super) verbose: bool,
    pub(super) no_commands: bool,
    pub(super) blacklist_names: bool,
    pub(super) first_time: bool,
    pub(super) force: bool,
    pub(super) quiet: bool,
}

pub(super) struct Probe<'a> {
    database: &'a Database,
    config: &'a Config,
    settings: Settings,
    loaded: Vec<Vec<u8>>,
    /// What was dealt with in this run, which also ends circles of soft dependencies.
    visited: Vec<Vec<u8>>,
    /// Whether the last name stood for anything.
    pub(super) found: bool,
}

impl<'a> Probe<'a> {
    pub(super) fn new(database: &'a Database, config: &'a Config, settings: Settings) -> Probe<'a> {
        // A kernel without module support has no list; loading then says why it fails.
        let loaded =
            common::loaded().unwrap_or_default().into_iter().map(|module| module.name.into_bytes()).collect();
        Probe { database, config, settings, loaded, visited: Vec::new(), found: false }
    }

    /// The modules that `name` stands for, and whether by an alias. Empty: it is part of the kernel.
    ///
    /// Errors: nothing of that name.
    pub(super) fn resolve(&mut self, name: &[u8]) -> Result<(Vec<Vec<u8>>, bool)> {
        self.found = true;
        let plain = underscored(name);
        let configured = self.config.aliases(name);
        if !configured.is_empty() {
            return Ok((configured, true));
        }
        if self.database.find(&plain).is_some()
            || self.config.install_command(&plain).is_some()
            || self.config.remove_command(&plain).is_some()
        {
            return Ok((vec![plain], false));
        }
        let aliased = self.database.by_alias(name);
        if !aliased.is_empty() {
            return Ok((aliased, true));
        }
        if self.database.is_builtin(&plain) || self.database.is_builtin_alias(name) {
            return Ok((Vec::new(), false));
        }
        self.found = false;
        self.database.load()?;
        Err(Error::message(format_args!("module {} not found in modules.dep", name.escape_ascii())))
    }

    /// Loads what `name` stands for.
    pub(super) fn load(&mut self, cx: &mut Cx<'_>, name: &[u8], parameters: &[u8]) -> Result {
        if self.loaded.contains(&underscored(name)) && !self.settings.show {
            self.found = true;
            return self.already(name, "already loaded");
        }
        let (modules, by_alias) = self.resolve(name)?;
        if modules.is_empty() {
            if self.settings.show {
                writeln!(cx.out, "builtin {}", underscored(name).escape_ascii());
            }
            return self.already(name, "already loaded (built into the kernel)");
        }
        let mut first_error = None;
        for module in modules {
            if (by_alias || self.settings.blacklist_names) && self.config.is_blacklisted(&module) {
                continue;
            }
            if let Err(error) = self.load_module(cx, &module, name, parameters) {
                first_error.get_or_insert(error);
            }
        }
        first_error.map_or(Ok(()), Err)
    }

    fn already(&self, name: &[u8], what: &str) -> Result {
        if self.settings.first_time {
            return Err(Error::message(format_args!("module {} is {what}", name.escape_ascii())));
        }
        Ok(())
    }

    /// One module: what goes before it, what it needs, itself, what goes behind it.
    fn load_module(&mut self, cx: &mut Cx<'_>, name: &[u8], asked: &[u8], parameters: &[u8]) -> Result {
        if self.visited.iter().any(|other| other == name) {
            return Ok(());
        }
        self.visited.push(name.to_vec());
        if self.loaded.iter().any(|other| other == name) && !self.settings.show {
            return Ok(());
        }
        let soft = self.config.soft(name);
        self.load_soft(cx, &soft.before);
        let command = self.config.install_command(name).filter(|_| !self.settings.no_commands);
        match command {
            Some(command) => self.run_command(cx, "install", command, name, parameters)?,
            None => self.load_with_needs(cx, name, asked, parameters)?,
        }
        self.load_soft(cx, &soft.behind);
        Ok(())
    }

    fn load_with_needs(&mut self, cx: &mut Cx<'_>, name: &[u8], asked: &[u8], parameters: &[u8]) -> Result {
        let Some(module) = self.database.find(name) else {
            if self.database.is_builtin(name) {
                return Ok(());
            }
            return Err(Error::message(format_args!(
                "module {} not found in modules.dep",
                name.escape_ascii()
            )));
        };
        for need in &module.needs {
            let need = module_name(need.as_os_str().as_bytes());
            self.load_module(cx, &need, &need, b"")?;
        }
        let mut all = self.config.options(name, asked);
        if !all.is_empty() && !parameters.is_empty() {
            all.push(b' ');
        }
        all.extend_from_slice(parameters);
        self.insert(cx, &module, &all)
    }

    fn insert(&mut self, cx: &mut Cx<'_>, module: &Module, parameters: &[u8]) -> Result {
        if self.settings.show || self.settings.verbose {
            write!(cx.out, "insmod {}", module.path.display());
            if !parameters.is_empty() {
                cx.out.write(b" ");
                cx.out.write(parameters);
            }
            cx.out.write(b"\n");
        }
        if !self.settings.act {
            return Ok(());
        }
        match load_file(&module.path, parameters, self.settings.force) {
            Ok(()) => {}
            // Somebody else was faster.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => {
                let (name, file) = (module.name.escape_ascii(), module.path.display());
                return Err(Error::message(format_args!(
                    "can't load module {name} ({file}): {}",
                    load_error(&error)
                )));
            }
        }
        self.loaded.push(module.name.clone());
        Ok(())
    }

    /// Whether these are there does not matter to who asked for the module.
    fn load_soft(&mut self, cx: &mut Cx<'_>, names: &[Vec<u8>]) {
        for name in names {
            let result = self.resolve(name).and_then(|(modules, _)| {
                modules.iter().try_for_each(|module| self.load_module(cx, module, name, b""))
            });
            if let Err(error) = result
                && self.settings.verbose
                && !self.settings.quiet
            {
                cx.warn(&error.to_string());
            }
        }
        self.found = true;
    }

    /// Runs a command of modprobe.d with the parameters in the place of $CMDLINE_OPTS.
    fn run_command(
        &mut self,
        cx: &mut Cx<'_>,
        verb: &str,
        command: &[u8],
        name: &[u8],
        parameters: &[u8],
    ) -> Result {
        if self.settings.show || self.settings.verbose {
            writeln!(cx.out, "{verb} {}", OsStr::from_bytes(command).display());
        }
        if !self.settings.act {
            return Ok(());
        }
        cx.out.flush();
        let status = Command::new("/bin/sh")
            .arg("-c")
            .arg(OsStr::from_bytes(command))
            .env("CMDLINE_OPTS", OsStr::from_bytes(parameters))
            .env("MODPROBE_MODULE", OsStr::from_bytes(name))
            .status()
            .at("/bin/sh")?;
        if status.success() {
            return Ok(());
        }
        Err(Error::message(format_args!("error running {verb} command for {}", name.escape_ascii())))
    }

    /// Unloads what `name` stands for, and then what nobody needs any more.
    pub(super) fn remove(&mut self, cx: &mut Cx<'_>, name: &[u8]) -> Result {
        let plain = underscored(name);
        let modules = if self.loaded.contains(&plain) {
            self.found = true;
            vec![plain]
        } else {
            self.resolve(name)?.0
        };
        if modules.is_empty() {
            return Err(Error::message(format_args!(
                "module {} is built into the kernel",
                name.escape_ascii()
            )));
        }
        modules.iter().try_for_each(|module| self.remove_module(cx, module, true))
    }

    fn remove_module(&mut self, cx: &mut Cx<'_>, name: &[u8], asked: bool) -> Result {
        if self.visited.iter().any(|other| other == name) {
            return Ok(());
        }
        self.visited.push(name.to_vec());
        let soft = self.config.soft(name);
        for other in soft.behind.iter().rev() {
            self.remove_if_unused(cx, other);
        }
        if let Some(command) = self.config.remove_command(name).filter(|_| !self.settings.no_commands) {
            self.run_command(cx, "remove", command, name, b"")?;
        } else if self.loaded.iter().any(|other| other == name) || self.settings.show {
            self.delete(cx, name)?;
        } else if asked && self.settings.first_time {
            return Err(Error::message(format_args!("module {} is not loaded", name.escape_ascii())));
        }
        let needs = self.database.find(name).map(|module| module.needs).unwrap_or_default();
        for need in needs.iter().rev() {
            self.remove_if_unused(cx, &module_name(need.as_os_str().as_bytes()));
        }
        for other in soft.before.iter().rev() {
            self.remove_if_unused(cx, other);
        }
        Ok(())
    }

    fn delete(&mut self, cx: &mut Cx<'_>, name: &[u8]) -> Result {
        let text = String::from_utf8_lossy(name);
        if self.settings.show || self.settings.verbose {
            writeln!(cx.out, "rmmod {text}");
        }
        if self.settings.act {
            sys::module::remove(&text, sys::module::REMOVE_NOW)
                .doing(&format!("can't unload module '{text}'"))?;
            self.loaded.retain(|other| other != name);
        }
        Ok(())
    }

    /// What is still used, or not there, stays without a word.
    fn remove_if_unused(&mut self, cx: &mut Cx<'_>, name: &[u8]) {
        let unused = common::loaded()
            .unwrap_or_default()
            .iter()
            .any(|module| module.name.as_bytes() == name && module.users == Some(0));
        if unused || self.settings.show {
            let _ = self.remove_module(cx, name, false);
        }
    }
}

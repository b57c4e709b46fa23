//! interp — runs a program: its rules on the records of its input, and the variables that they see.

mod expression;
mod statement;

use std::cell::RefCell;
use std::cmp::Ordering;
use std::fs::File;
use std::rc::Rc;

use super::library;
use super::record::{FIELDS_MAX, Record, Separator};
use super::stream::{Reader, RecordEnd, Streams};
use super::table::Table;
use super::tree::{Expr, Pattern, Place, Program, Redirection, Statement};
use super::value::{Value, append_integer, compare};
use super::{lexer, regex_of};
use crate::prelude::*;
use posix::regex::Regex;

/// The variables with a meaning, by place.
pub(super) const SPECIAL: &[&str] = &[
    "NF",
    "NR",
    "FNR",
    "FS",
    "OFS",
    "ORS",
    "RS",
    "SUBSEP",
    "CONVFMT",
    "OFMT",
    "RSTART",
    "RLENGTH",
    "FILENAME",
    "ENVIRON",
    "ARGC",
    "ARGV",
    "ERRNO",
    "IGNORECASE",
];
pub(super) const NF: usize = 0;
const NR: usize = 1;
const FNR: usize = 2;
const FS: usize = 3;
const OFS: usize = 4;
const ORS: usize = 5;
const RS: usize = 6;
const SUBSEP: usize = 7;
const CONVFMT: usize = 8;
const OFMT: usize = 9;
pub(super) const RSTART: usize = 10;
pub(super) const RLENGTH: usize = 11;
const FILENAME: usize = 12;
const ENVIRON: usize = 13;
const ARGC: usize = 14;
const ARGV: usize = 15;

/// Bytes of this process's stack that calls within calls may use, of the 8 MiB that it usually has.
const STACK_MAX: usize = 6 << 20;
/// Expressions from texts that are kept compiled.
const CACHED: usize = 64;

pub(super) type Array = Rc<RefCell<Table>>;

#[derive(Clone, Default)]
enum Cell {
    #[default]
    Unused,
    Value(Value),
    Array(Array),
}

/// Why the usual course ends.
pub(super) enum Stop {
    Error(Error),
    Next,
    NextFile,
    Exit,
}

impl From<Error> for Stop {
    fn from(error: Error) -> Stop {
        Stop::Error(error)
    }
}

pub(super) type Run<T> = std::result::Result<T, Stop>;

/// How to go on after a statement.
enum Flow {
    Normal,
    Break,
    Continue,
    Return(Value),
}

#[cold]
pub(super) fn failure(what: &str) -> Stop {
    Stop::Error(Error::message(format_args!("cmd. line:1: {what}")))
}

pub(super) struct Machine<'p> {
    program: &'p Program,
    globals: Vec<Cell>,
    /// Locals of all calls.
    stack: Vec<Cell>,
    frame: usize,
    /// Where this process's stack was at the start.
    stack_base: usize,
    pub(super) record: Record,
    separator: Separator,
    /// CONVFMT and the like, which are needed all the time.
    pub(super) convert: Rc<[u8]>,
    output_separator: Rc<[u8]>,
    output_end: Rc<[u8]>,
    record_end: Rc<[u8]>,
    record_regex: Option<Rc<Regex>>,
    records: f64,
    file_records: f64,
    ranges: Vec<bool>,
    pub(super) streams: Streams,
    input: Option<Reader>,
    next_operand: usize,
    used_file: bool,
    ended: bool,
    regexes: Vec<(Rc<[u8]>, Rc<Regex>)>,
    pub(super) random: library::Random,
    status: u8,
}

impl<'p> Machine<'p> {
    pub(super) fn new(program: &'p Program, operands: &[OsString]) -> Machine<'p> {
        let mut machine = Machine {
            program,
            globals: vec![Cell::Unused; program.globals.len()],
            stack: Vec::new(),
            frame: 0,
            stack_base: stack_place(),
            record: Record::new(),
            separator: Separator::Blanks,
            convert: Rc::from(&b"%.6g"[..]),
            output_separator: Rc::from(&b" "[..]),
            output_end: Rc::from(&b"\n"[..]),
            record_end: Rc::from(&b"\n"[..]),
            record_regex: None,
            records: 0.0,
            file_records: 0.0,
            ranges: vec![false; program.ranges],
            streams: Streams::default(),
            input: None,
            next_operand: 1,
            used_file: false,
            ended: false,
            regexes: Vec::new(),
            random: library::Random::new(0),
            status: 0,
        };
        for (place, text) in [
            (FS, " "),
            (OFS, " "),
            (ORS, "\n"),
            (RS, "\n"),
            (SUBSEP, "\x1c"),
            (CONVFMT, "%.6g"),
            (OFMT, "%.6g"),
        ] {
            machine.globals[place] = Cell::Value(Value::from(text.as_bytes().to_vec()));
        }
        for (place, number) in [(RSTART, 0.0), (RLENGTH, -1.0), (ARGC, operands.len() as f64 + 1.0)] {
            machine.globals[place] = Cell::Value(Value::Number(number));
        }
        let mut arguments = Table::default();
        *arguments.entry(b"0") = Value::from(b"awk".to_vec());
        for (index, operand) in operands.iter().enumerate() {
            *arguments.entry((index + 1).to_string().as_bytes()) = Value::input(operand.as_bytes());
        }
        machine.globals[ARGV] = Cell::Array(Rc::new(RefCell::new(arguments)));
        let mut environment = Table::default();
        for (name, value) in std::env::vars_os() {
            *environment.entry(name.as_bytes()) = Value::input(value.as_bytes());
        }
        machine.globals[ENVIRON] = Cell::Array(Rc::new(RefCell::new(environment)));
        machine
    }

    pub(super) fn set_separator(&mut self, text: Vec<u8>) {
        // A wrong expression is found when something is split.
        let _ = self.set_global(FS, Value::from(text));
    }

    /// `VAR=VALUE` as an operand or for -v. False: it is none.
    pub(super) fn assign_operand(&mut self, operand: &[u8]) -> bool {
        let Some(equals) = operand.iter().position(|&byte| byte == b'=') else { return false };
        let (name, value) = (&operand[..equals], &operand[equals + 1..]);
        let is_name = name.first().is_some_and(|byte| byte.is_ascii_alphabetic() || *byte == b'_')
            && name.iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'_');
        if !is_name {
            return false;
        }
        // A variable that the program does not name cannot be seen.
        if let Some(place) = self.program.globals.iter().position(|known| known == name) {
            let _ = self.set_global(place, Value::input(&lexer::unescape(value)));
        }
        true
    }

    pub(super) fn run(mut self, cx: &mut Cx<'_>) -> Result {
        let result = self.run_rules(cx);
        let result = match result {
            Ok(()) | Err(Stop::Exit) => self.run_end(cx),
            other => other,
        };
        self.streams.close_all(cx);
        match result {
            Err(Stop::Error(error)) => {
                cx.failure = 1;
                return Err(error);
            }
            _ if self.status > 0 => cx.status = self.status,
            _ => {}
        }
        Ok(())
    }

    fn run_rules(&mut self, cx: &mut Cx<'_>) -> Run<()> {
        let program = self.program;
        for body in &program.begin {
            self.block(cx, body)?;
        }
        if program.rules.is_empty() && program.end.is_empty() {
            return Ok(());
        }
        while let Some(text) = self.next_record(cx)? {
            self.record.set(text);
            if cx.out.failed() {
                return Err(Stop::Exit);
            }
            for rule in &program.rules {
                match self.rule(cx, &rule.pattern, rule.action.as_deref()) {
                    Ok(()) => {}
                    Err(Stop::Next) => break,
                    Err(Stop::NextFile) => {
                        self.input = None;
                        break;
                    }
                    Err(other) => return Err(other),
                }
            }
        }
        Ok(())
    }

    /// `exit` in a rule still runs END, but one in END does not run it again.
    fn run_end(&mut self, cx: &mut Cx<'_>) -> Run<()> {
        let program = self.program;
        for body in &program.end {
            match self.block(cx, body) {
                Err(Stop::Exit) => break,
                other => other?,
            };
        }
        Ok(())
    }

    fn rule(&mut self, cx: &mut Cx<'_>, pattern: &'p Pattern, action: Option<&'p [Statement]>) -> Run<()> {
        let selected = match pattern {
            Pattern::Always => true,
            Pattern::Expression(expr) => self.truth(cx, expr)?,
            Pattern::Range(first, last, index) => {
                let begun = self.ranges[*index] || self.truth(cx, first)?;
                if begun {
                    self.ranges[*index] = !self.truth(cx, last)?;
                }
                begun
            }
        };
        if !selected {
            return Ok(());
        }
        match action {
            Some(body) => self.block(cx, body).map(|_| ()),
            None => {
                let text = self.record_text();
                cx.out.write(&text);
                cx.out.write(&self.output_end);
                Ok(())
            }
        }
    }

    /// The next record of the operands' files, counted. None at the end of all.
    fn next_record(&mut self, cx: &mut Cx<'_>) -> Run<Option<Rc<[u8]>>> {
        while !self.ended {
            if self.input.is_none() && !self.open_next(cx)? {
                self.ended = true;
                break;
            }
            let Some(input) = &mut self.input else { break };
            let end = record_end(&self.record_end, self.record_regex.as_deref());
            let record = match input.record(&end) {
                Ok(record) => record.map(Rc::from),
                Err(error) => {
                    let name = self.global_text(FILENAME);
                    let error = Error::at(PathBuf::from(OsStr::from_bytes(&name)), error);
                    cx.failure = 2;
                    cx.report(error);
                    None
                }
            };
            if record.is_some() {
                self.records += 1.0;
                self.file_records += 1.0;
                return Ok(record);
            }
            self.input = None;
        }
        Ok(None)
    }

    fn open_next(&mut self, cx: &mut Cx<'_>) -> Run<bool> {
        loop {
            let count = self.global(ARGC).number() as usize;
            if self.next_operand >= count {
                if self.used_file {
                    return Ok(false);
                }
                self.used_file = true;
                self.input = Some(Reader::new(Box::new(cx.stdin())));
                return Ok(true);
            }
            let key = self.next_operand.to_string();
            self.next_operand += 1;
            let arguments = self.array(Place::Global(ARGV))?;
            let Some(operand) = arguments.borrow().get(key.as_bytes()).map(|value| value.text(b"")) else {
                continue;
            };
            if operand.is_empty() || self.assign_operand(&operand) {
                continue;
            }
            self.used_file = true;
            self.globals[FILENAME] = Cell::Value(Value::input(&operand));
            self.file_records = 0.0;
            if *operand == *b"-" {
                self.input = Some(Reader::new(Box::new(cx.stdin())));
                return Ok(true);
            }
            let path = Path::new(OsStr::from_bytes(&operand));
            match File::open(path) {
                Ok(file) => {
                    self.input = Some(Reader::new(Box::new(file)));
                    return Ok(true);
                }
                Err(error) => {
                    cx.failure = 2;
                    cx.report(Error::at(path, error));
                    self.status = 2;
                }
            }
        }
    }

    pub(super) fn record_text(&mut self) -> Rc<[u8]> {
        self.record.text(&self.output_separator, &self.convert)
    }

    // Whether newlines separate fields whatever FS says.
    fn by_paragraph(&self) -> bool {
        self.record_end.is_empty()
    }

    pub(super) fn field(&mut self, index: usize) -> Value {
        if index == 0 {
            return Value::Input(self.record_text());
        }
        let lines = self.by_paragraph();
        self.record.field(index, &self.separator, lines)
    }

    fn field_count(&mut self) -> usize {
        let lines = self.by_paragraph();
        self.record.count(&self.separator, lines)
    }

    fn field_index(&mut self, cx: &mut Cx<'_>, index: &'p Expr) -> Run<usize> {
        let number = self.eval(cx, index)?.number();
        if number < 0.0 {
            return Err(failure("Access to negative field"));
        }
        if number > FIELDS_MAX as f64 {
            return Err(failure("Access to a field that is too large"));
        }
        Ok(number as usize)
    }

    fn global(&mut self, place: usize) -> Value {
        match place {
            NF => Value::Number(self.field_count() as f64),
            NR => Value::Number(self.records),
            FNR => Value::Number(self.file_records),
            _ => match &self.globals[place] {
                Cell::Value(value) => value.clone(),
                _ => Value::Nothing,
            },
        }
    }

    fn global_text(&mut self, place: usize) -> Rc<[u8]> {
        let convert = self.convert.clone();
        self.global(place).text(&convert)
    }

    fn set_global(&mut self, place: usize, value: Value) -> Run<()> {
        if let Cell::Array(_) = self.globals[place] {
            return Err(failure("an array is used as a value"));
        }
        match place {
            NF => {
                let count = value.number();
                if !(0.0..=FIELDS_MAX as f64).contains(&count) {
                    return Err(failure("NF is set to a number that is no count"));
                }
                self.field_count();
                self.record.set_count(count as usize);
                return Ok(());
            }
            NR => self.records = value.number(),
            FNR => self.file_records = value.number(),
            FS => {
                let text = value.text(&self.convert);
                // The record that is there is split as before.
                self.field_count();
                self.separator = self.separator_of(&text)?;
            }
            OFS => {
                let _ = self.record_text();
                self.output_separator = value.text(&self.convert);
            }
            ORS => self.output_end = value.text(&self.convert),
            RS => {
                self.record_end = value.text(&self.convert);
                self.record_regex = if self.record_end.len() > 1 {
                    let text = self.record_end.clone();
                    Some(self.regex(&text)?)
                } else {
                    None
                };
            }
            CONVFMT => self.convert = value.text(b"%.6g"),
            _ => {}
        }
        self.globals[place] = Cell::Value(value);
        Ok(())
    }

    /// How the text of FS splits.
    pub(super) fn separator_of(&mut self, text: &Rc<[u8]>) -> Run<Separator> {
        Ok(match text[..] {
            [] => Separator::None,
            [b' '] => Separator::Blanks,
            [byte] => Separator::Byte(byte),
            _ => Separator::Regex(self.regex(text)?),
        })
    }

    /// The expression of a text, from the cache if it was used lately.
    pub(super) fn regex(&mut self, text: &Rc<[u8]>) -> Run<Rc<Regex>> {
        if let Some((_, regex)) = self.regexes.iter().find(|(known, _)| known == text) {
            return Ok(regex.clone());
        }
        let regex = regex_of(text).map_err(|what| Stop::Error(Error::message(what)))?;
        if self.regexes.len() >= CACHED {
            self.regexes.remove(0);
        }
        self.regexes.push((text.clone(), regex.clone()));
        Ok(regex)
    }

    /// An expression that stands for a pattern.
    pub(super) fn pattern(&mut self, cx: &mut Cx<'_>, expr: &'p Expr) -> Run<Rc<Regex>> {
        if let Expr::Regex(regex) = expr {
            return Ok(regex.clone());
        }
        let text = self.text(cx, expr)?;
        self.regex(&text)
    }

    fn cell(&mut self, place: Place) -> &mut Cell {
        match place {
            Place::Global(index) => &mut self.globals[index],
            Place::Local(index) => &mut self.stack[self.frame + index],
        }
    }

    /// The array of a name, which becomes one if it was not used yet.
    pub(super) fn array(&mut self, place: Place) -> Run<Array> {
        let cell = self.cell(place);
        match cell {
            Cell::Array(array) => Ok(array.clone()),
            Cell::Unused | Cell::Value(Value::Nothing) => {
                let array = Array::default();
                *cell = Cell::Array(array.clone());
                Ok(array)
            }
            Cell::Value(_) => Err(failure("a value is used as an array")),
        }
    }

    pub(super) fn is_array(&mut self, place: Place) -> bool {
        matches!(self.cell(place), Cell::Array(_))
    }

    pub(super) fn set_number(&mut self, place: usize, number: f64) {
        self.globals[place] = Cell::Value(Value::Number(number));
    }

    pub(super) fn separator(&self) -> Separator {
        self.separator.clone()
    }
}

/// Where this process's stack is now.
#[inline(never)]
fn stack_place() -> usize {
    let here = 0u8;
    std::ptr::from_ref(&here).addr()
}

fn record_end<'a>(text: &[u8], regex: Option<&'a Regex>) -> RecordEnd<'a> {
    match (text, regex) {
        (_, Some(regex)) => RecordEnd::Regex(regex),
        ([byte, ..], _) => RecordEnd::Byte(*byte),
        ([], _) => RecordEnd::Paragraph,
    }
}

pub(super) fn matches(regex: &Regex, text: &[u8]) -> Run<bool> {
    let found = regex.is_match(text);
    if regex.is_exhausted() {
        return Err(failure("regular expression with back-references: too many steps"));
    }
    Ok(found)
}

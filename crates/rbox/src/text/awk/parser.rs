//! parser — from tokens to rules, statements and expressions, names resolved to places.
//!
//! Source: POSIX.1-2024 `awk`, "Grammar"; BusyBox and gawk for `**`, `nextfile`, `delete ARRAY`, `func`.

use std::rc::Rc;

use super::lexer::{Builtin, Keyword, Lexer, Token, unescape};
use super::regex_of;
use super::value::Value;
use posix::regex::Regex;

/// Where a name lives: among all, or in the frame of a function.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) enum Place {
    Global(usize),
    Local(usize),
}

pub(super) enum Expr {
    Constant(Value),
    Regex(Rc<Regex>),
    Variable(Place),
    Field(Box<Expr>),
    Element(Place, Vec<Expr>),
    Assign(Box<Expr>, Box<Expr>),
    AssignOp(Arithmetic, Box<Expr>, Box<Expr>),
    /// Adds `delta`; gives the value before or after.
    Step {
        target: Box<Expr>,
        delta: f64,
        after: bool,
    },
    Conditional(Box<Expr>, Box<Expr>, Box<Expr>),
    And(Box<Expr>, Box<Expr>),
    Or(Box<Expr>, Box<Expr>),
    Not(Box<Expr>),
    Negative(Box<Expr>),
    Positive(Box<Expr>),
    Arithmetic(Arithmetic, Box<Expr>, Box<Expr>),
    Compare(Comparison, Box<Expr>, Box<Expr>),
    Match {
        text: Box<Expr>,
        pattern: Box<Expr>,
        negated: bool,
    },
    Concat(Box<Expr>, Box<Expr>),
    In(Vec<Expr>, Place),
    /// `(a, b)`, before `in` or in `print`.
    List(Vec<Expr>),
    Getline(Source, Option<Box<Expr>>),
    Call(usize, Vec<Expr>),
    Builtin(Builtin, Vec<Expr>),
}

pub(super) enum Source {
    Input,
    File(Box<Expr>),
    Command(Box<Expr>),
}

#[derive(Clone, Copy, PartialEq)]
pub(super) enum Arithmetic {
    Add,
    Subtract,
    Multiply,
    Divide,
    Modulo,
    Power,
}

#[derive(Clone, Copy, PartialEq)]
pub(super) enum Comparison {
    Less,
    LessOrEqual,
    Equal,
    NotEqual,
    Greater,
    GreaterOrEqual,
}

pub(super) enum Statement {
    Expression(Expr),
    /// No expressions: the record.
    Print(Vec<Expr>, Option<Redirection>),
    Printf(Vec<Expr>, Option<Redirection>),
    Block(Vec<Statement>),
    If(Expr, Box<Statement>, Option<Box<Statement>>),
    While(Expr, Box<Statement>),
    DoWhile(Box<Statement>, Expr),
    For(Option<Box<Statement>>, Option<Expr>, Option<Box<Statement>>, Box<Statement>),
    ForIn(Expr, Place, Box<Statement>),
    Break,
    Continue,
    Next,
    NextFile,
    Exit(Option<Expr>),
    Return(Option<Expr>),
    Delete(Place, Vec<Expr>),
    DeleteAll(Place),
}

pub(super) struct Redirection {
    pub(super) kind: Target,
    pub(super) name: Expr,
}

#[derive(Clone, Copy, PartialEq)]
pub(super) enum Target {
    File,
    Append,
    Command,
}

pub(super) enum Pattern {
    Always,
    Expression(Expr),
    /// The index of the range, which has begun or not.
    Range(Expr, Expr, usize),
}

pub(super) struct Rule {
    pub(super) pattern: Pattern,
    /// None: print the record.
    pub(super) action: Option<Vec<Statement>>,
}

pub(super) struct Function {
    pub(super) name: Vec<u8>,
    pub(super) parameters: usize,
    pub(super) body: Option<Vec<Statement>>,
}

pub(super) struct Program {
    pub(super) begin: Vec<Vec<Statement>>,
    pub(super) rules: Vec<Rule>,
    pub(super) end: Vec<Vec<Statement>>,
    pub(super) functions: Vec<Function>,
    pub(super) ranges: usize,
    /// Names of globals, by place.
    pub(super) globals: Vec<Vec<u8>>,
}

/// What is wrong, and in which line.
pub(super) struct SyntaxError {
    pub(super) line: usize,
    pub(super) what: String,
}

type Parsed<T> = Result<T, SyntaxError>;

/// Nesting that a program may have: the parser and the interpreter call themselves for each.
const DEPTH_MAX: usize = 200;

struct Parser<'a> {
    lexer: Lexer<'a>,
    token: Token,
    program: Program,
    parameters: Vec<Vec<u8>>,
    in_function: bool,
    loops: usize,
    depth: usize,
}

pub(super) fn parse(text: &[u8], globals: &[&str]) -> Parsed<Program> {
    let mut parser = Parser {
        lexer: Lexer::new(text),
        token: Token::Newline,
        program: Program {
            begin: Vec::new(),
            rules: Vec::new(),
            end: Vec::new(),
            functions: Vec::new(),
            ranges: 0,
            globals: globals.iter().map(|name| name.as_bytes().to_vec()).collect(),
        },
        parameters: Vec::new(),
        in_function: false,
        loops: 0,
        depth: 0,
    };
    parser.skip_ends()?;
    while parser.token != Token::End {
        parser.item()?;
        parser.skip_ends()?;
    }
    if parser.program.functions.iter().any(|function| function.body.is_none()) {
        return Err(parser.error("Call to undefined function"));
    }
    Ok(parser.program)
}

impl Parser<'_> {
    fn error(&self, what: &str) -> SyntaxError {
        SyntaxError {
            line: self.lexer.line - usize::from(self.token == Token::Newline),
            what: what.to_string(),
        }
    }

    fn unexpected<T>(&self) -> Parsed<T> {
        Err(self.error("Unexpected token"))
    }

    fn advance(&mut self) -> Parsed<Token> {
        match self.lexer.next() {
            Ok(next) => Ok(std::mem::replace(&mut self.token, next)),
            Err(what) => Err(self.error(what)),
        }
    }

    fn is(&self, operator: &str) -> bool {
        matches!(self.token, Token::Op(found) if found == operator)
    }

    fn is_keyword(&self, keyword: Keyword) -> bool {
        self.token == Token::Keyword(keyword)
    }

    fn eat(&mut self, operator: &str) -> Parsed<bool> {
        let found = self.is(operator);
        if found {
            self.advance()?;
        }
        Ok(found)
    }

    fn expect(&mut self, operator: &str) -> Parsed<()> {
        if self.eat(operator)? { Ok(()) } else { self.unexpected() }
    }

    fn skip_newlines(&mut self) -> Parsed<()> {
        while self.token == Token::Newline {
            self.advance()?;
        }
        Ok(())
    }

    fn skip_ends(&mut self) -> Parsed<()> {
        while self.token == Token::Newline || self.is(";") {
            self.advance()?;
        }
        Ok(())
    }

    fn nested<T>(&mut self, parse: impl FnOnce(&mut Self) -> Parsed<T>) -> Parsed<T> {
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            return Err(self.error("nested too deeply"));
        }
        let result = parse(self);
        self.depth -= 1;
        result
    }

    fn item(&mut self) -> Parsed<()> {
        if self.is_keyword(Keyword::Function) {
            return self.function();
        }
        if self.is_keyword(Keyword::Begin) || self.is_keyword(Keyword::EndRule) {
            let begin = self.is_keyword(Keyword::Begin);
            self.advance()?;
            let body = self.braces()?;
            if begin {
                self.program.begin.push(body)
            } else {
                self.program.end.push(body)
            }
            return Ok(());
        }
        let pattern = if self.is("{") {
            Pattern::Always
        } else {
            let first = self.expression()?;
            if self.eat(",")? {
                self.skip_newlines()?;
                let last = self.expression()?;
                self.program.ranges += 1;
                Pattern::Range(first, last, self.program.ranges - 1)
            } else {
                Pattern::Expression(first)
            }
        };
        let action = if self.is("{") { Some(self.braces()?) } else { None };
        self.program.rules.push(Rule { pattern, action });
        Ok(())
    }

    fn function(&mut self) -> Parsed<()> {
        self.advance()?;
        let (Token::Name(name) | Token::Function(name)) = self.advance()? else { return self.unexpected() };
        self.expect("(")?;
        let mut parameters = Vec::new();
        while !self.is(")") {
            let Token::Name(parameter) = self.advance()? else { return self.unexpected() };
            if parameters.contains(&parameter) {
                return Err(self.error("duplicate parameter"));
            }
            parameters.push(parameter);
            self.skip_newlines()?;
            if !self.eat(",")? {
                break;
            }
            self.skip_newlines()?;
        }
        self.expect(")")?;
        self.skip_newlines()?;
        let index = self.function_index(&name);
        if self.program.functions[index].body.is_some() {
            return Err(self.error("function is defined twice"));
        }
        self.program.functions[index].parameters = parameters.len();
        self.parameters = parameters;
        self.in_function = true;
        let body = self.braces()?;
        self.in_function = false;
        self.parameters.clear();
        self.program.functions[index].body = Some(body);
        Ok(())
    }

    fn function_index(&mut self, name: &[u8]) -> usize {
        let functions = &mut self.program.functions;
        functions.iter().position(|known| known.name == name).unwrap_or_else(|| {
            functions.push(Function { name: name.to_vec(), parameters: 0, body: None });
            functions.len() - 1
        })
    }

    fn place(&mut self, name: &[u8]) -> Place {
        if let Some(index) = self.parameters.iter().position(|known| known == name) {
            return Place::Local(index);
        }
        let globals = &mut self.program.globals;
        Place::Global(globals.iter().position(|known| known == name).unwrap_or_else(|| {
            globals.push(name.to_vec());
            globals.len() - 1
        }))
    }

    fn braces(&mut self) -> Parsed<Vec<Statement>> {
        self.expect("{")?;
        let mut statements = Vec::new();
        loop {
            self.skip_ends()?;
            if self.eat("}")? {
                return Ok(statements);
            }
            if self.token == Token::End {
                return self.unexpected();
            }
            statements.push(self.nested(|parser| parser.statement())?);
        }
    }

    /// A statement as the body of another: newlines may stand before it, and it may be empty.
    fn body(&mut self) -> Parsed<Statement> {
        self.skip_newlines()?;
        if self.eat(";")? {
            return Ok(Statement::Block(Vec::new()));
        }
        self.nested(|parser| parser.statement())
    }

    fn loop_body(&mut self) -> Parsed<Box<Statement>> {
        self.loops += 1;
        let body = self.body()?;
        self.loops -= 1;
        Ok(Box::new(body))
    }

    fn statement(&mut self) -> Parsed<Statement> {
        if self.is("{") {
            return Ok(Statement::Block(self.braces()?));
        }
        if let Token::Keyword(keyword) = self.token {
            match keyword {
                Keyword::If => return self.if_statement(),
                Keyword::While => {
                    self.advance()?;
                    let condition = self.in_parentheses()?;
                    if self.eat(";")? {
                        return Ok(Statement::While(condition, Box::new(Statement::Block(Vec::new()))));
                    }
                    return Ok(Statement::While(condition, self.loop_body()?));
                }
                Keyword::For => return self.for_statement(),
                Keyword::Do => {
                    self.advance()?;
                    let body = self.loop_body()?;
                    self.skip_ends()?;
                    if !self.is_keyword(Keyword::While) {
                        return self.unexpected();
                    }
                    self.advance()?;
                    let condition = self.in_parentheses()?;
                    self.end_of_statement()?;
                    return Ok(Statement::DoWhile(body, condition));
                }
                _ => {}
            }
        }
        let statement = self.simple_statement()?;
        self.end_of_statement()?;
        Ok(statement)
    }

    fn end_of_statement(&mut self) -> Parsed<()> {
        match self.token {
            Token::Newline | Token::Op(";") => self.advance().map(|_| ()),
            Token::Op("}") | Token::End => Ok(()),
            _ => self.unexpected(),
        }
    }

    fn in_parentheses(&mut self) -> Parsed<Expr> {
        self.expect("(")?;
        let expr = self.expression()?;
        self.skip_newlines()?;
        self.expect(")")?;
        Ok(expr)
    }

    fn if_statement(&mut self) -> Parsed<Statement> {
        self.advance()?;
        let condition = self.in_parentheses()?;
        let then = self.body()?;
        // `else` may stand behind ends, but those must not be lost where it does not.
        let (at, line) = (self.lexer.position(), self.lexer.line);
        let token = self.token.clone();
        self.skip_ends()?;
        if self.is_keyword(Keyword::Else) {
            self.advance()?;
            let otherwise = self.body()?;
            return Ok(Statement::If(condition, Box::new(then), Some(Box::new(otherwise))));
        }
        self.lexer.go_back(at, line);
        self.token = token;
        Ok(Statement::If(condition, Box::new(then), None))
    }

    fn for_statement(&mut self) -> Parsed<Statement> {
        self.advance()?;
        self.expect("(")?;
        let start = if self.is(";") { None } else { Some(Box::new(self.simple_statement()?)) };
        let start = match start.map(|start| *start) {
            Some(Statement::Expression(Expr::In(mut keys, array))) if self.is(")") && keys.len() == 1 => {
                self.advance()?;
                let key = keys.remove(0);
                if self.eat(";")? {
                    return Ok(Statement::ForIn(key, array, Box::new(Statement::Block(Vec::new()))));
                }
                return Ok(Statement::ForIn(key, array, self.loop_body()?));
            }
            start => start.map(Box::new),
        };
        self.expect(";")?;
        self.skip_newlines()?;
        let condition = if self.is(";") { None } else { Some(self.expression()?) };
        self.expect(";")?;
        self.skip_newlines()?;
        let step = if self.is(")") { None } else { Some(Box::new(self.simple_statement()?)) };
        self.expect(")")?;
        if self.eat(";")? {
            return Ok(Statement::For(start, condition, step, Box::new(Statement::Block(Vec::new()))));
        }
        Ok(Statement::For(start, condition, step, self.loop_body()?))
    }

    fn simple_statement(&mut self) -> Parsed<Statement> {
        let Token::Keyword(keyword) = self.token else {
            return Ok(Statement::Expression(self.expression()?));
        };
        match keyword {
            Keyword::Getline | Keyword::In => return Ok(Statement::Expression(self.expression()?)),
            Keyword::Print | Keyword::Printf => return self.print(keyword == Keyword::Printf),
            Keyword::Delete => return self.delete(),
            _ => {}
        }
        self.advance()?;
        match keyword {
            Keyword::Break | Keyword::Continue if self.loops == 0 => self.unexpected(),
            Keyword::Break => Ok(Statement::Break),
            Keyword::Continue => Ok(Statement::Continue),
            Keyword::Next => Ok(Statement::Next),
            Keyword::NextFile => Ok(Statement::NextFile),
            Keyword::Exit => Ok(Statement::Exit(self.optional_expression()?)),
            Keyword::Return if self.in_function => Ok(Statement::Return(self.optional_expression()?)),
            _ => self.unexpected(),
        }
    }

    fn optional_expression(&mut self) -> Parsed<Option<Expr>> {
        match self.token {
            Token::Newline | Token::End | Token::Op(";" | "}") => Ok(None),
            _ => Ok(Some(self.expression()?)),
        }
    }

    fn delete(&mut self) -> Parsed<Statement> {
        self.advance()?;
        let parenthesis = self.eat("(")?;
        let Token::Name(name) = self.advance()? else { return self.unexpected() };
        let place = self.place(&name);
        let statement = if self.eat("[")? {
            let keys = self.list()?;
            self.expect("]")?;
            Statement::Delete(place, keys)
        } else {
            Statement::DeleteAll(place)
        };
        if parenthesis {
            self.expect(")")?;
        }
        Ok(statement)
    }

    fn print(&mut self, formatted: bool) -> Parsed<Statement> {
        self.advance()?;
        let mut values = Vec::new();
        if !matches!(self.token, Token::Newline | Token::End | Token::Op(";" | "}" | ">" | ">>" | "|")) {
            loop {
                values.push(self.ternary(false)?);
                if !self.eat(",")? {
                    break;
                }
                self.skip_newlines()?;
            }
        }
        // `print (a, b) > "file"`
        if let [Expr::List(_)] = values[..]
            && let Some(Expr::List(list)) = values.pop()
        {
            values = list;
        }
        let kind = match self.token {
            Token::Op(">") => Some(Target::File),
            Token::Op(">>") => Some(Target::Append),
            Token::Op("|") => Some(Target::Command),
            _ => None,
        };
        let redirection = match kind {
            None => None,
            Some(kind) => {
                self.advance()?;
                Some(Redirection { kind, name: self.concatenation(false)? })
            }
        };
        if formatted && values.is_empty() {
            return self.unexpected();
        }
        Ok(if formatted {
            Statement::Printf(values, redirection)
        } else {
            Statement::Print(values, redirection)
        })
    }

    fn list(&mut self) -> Parsed<Vec<Expr>> {
        let mut list = Vec::new();
        loop {
            self.skip_newlines()?;
            list.push(self.expression()?);
            self.skip_newlines()?;
            if !self.eat(",")? {
                return Ok(list);
            }
        }
    }

    fn expression(&mut self) -> Parsed<Expr> {
        self.nested(|parser| parser.ternary(true))
    }

    /// `greater`: whether `>` compares; in `print` it redirects.
    fn ternary(&mut self, greater: bool) -> Parsed<Expr> {
        let condition = self.or(greater)?;
        if self.eat("?")? {
            self.skip_newlines()?;
            let yes = self.nested(|parser| parser.ternary(greater))?;
            self.skip_newlines()?;
            self.expect(":")?;
            self.skip_newlines()?;
            let no = self.nested(|parser| parser.ternary(greater))?;
            return Ok(Expr::Conditional(Box::new(condition), Box::new(yes), Box::new(no)));
        }
        self.assignment(condition, greater)
    }

    fn assignment(&mut self, target: Expr, greater: bool) -> Parsed<Expr> {
        let Token::Op(operator) = self.token else { return Ok(target) };
        let arithmetic = match operator {
            "=" => None,
            "+=" => Some(Arithmetic::Add),
            "-=" => Some(Arithmetic::Subtract),
            "*=" => Some(Arithmetic::Multiply),
            "/=" => Some(Arithmetic::Divide),
            "%=" => Some(Arithmetic::Modulo),
            "^=" => Some(Arithmetic::Power),
            _ => return Ok(target),
        };
        // In `a == b = c` and `1 + b = c` the last operand is what is assigned to.
        match target {
            Expr::Variable(_) | Expr::Field(_) | Expr::Element(..) => {}
            Expr::Compare(comparison, one, other) => {
                let other = self.assignment(*other, greater)?;
                return Ok(Expr::Compare(comparison, one, Box::new(other)));
            }
            Expr::And(one, other) => {
                let other = self.assignment(*other, greater)?;
                return Ok(Expr::And(one, Box::new(other)));
            }
            Expr::Or(one, other) => {
                let other = self.assignment(*other, greater)?;
                return Ok(Expr::Or(one, Box::new(other)));
            }
            Expr::Not(operand) => return Ok(Expr::Not(Box::new(self.assignment(*operand, greater)?))),
            _ => return self.unexpected(),
        }
        self.advance()?;
        self.skip_newlines()?;
        let value = Box::new(self.nested(|parser| parser.ternary(greater))?);
        Ok(match arithmetic {
            None => Expr::Assign(Box::new(target), value),
            Some(operation) => Expr::AssignOp(operation, Box::new(target), value),
        })
    }

    fn or(&mut self, greater: bool) -> Parsed<Expr> {
        let mut left = self.and(greater)?;
        while self.eat("||")? {
            self.skip_newlines()?;
            let right = self.and(greater)?;
            let right = self.assignment(right, greater)?;
            left = Expr::Or(Box::new(left), Box::new(right));
        }
        Ok(left)
    }

    fn and(&mut self, greater: bool) -> Parsed<Expr> {
        let mut left = self.membership(greater)?;
        while self.eat("&&")? {
            self.skip_newlines()?;
            let right = self.membership(greater)?;
            let right = self.assignment(right, greater)?;
            left = Expr::And(Box::new(left), Box::new(right));
        }
        Ok(left)
    }

    fn membership(&mut self, greater: bool) -> Parsed<Expr> {
        let mut left = self.matching(greater)?;
        while self.is_keyword(Keyword::In) {
            self.advance()?;
            let Token::Name(name) = self.advance()? else { return self.unexpected() };
            let keys = match left {
                Expr::List(keys) => keys,
                key => vec![key],
            };
            left = Expr::In(keys, self.place(&name));
        }
        Ok(left)
    }

    fn matching(&mut self, greater: bool) -> Parsed<Expr> {
        let mut left = self.comparison(greater)?;
        while self.is("~") || self.is("!~") {
            let negated = self.is("!~");
            self.advance()?;
            self.skip_newlines()?;
            let pattern = self.comparison(greater)?;
            left = Expr::Match { text: Box::new(left), pattern: Box::new(pattern), negated };
        }
        Ok(left)
    }

    fn comparison(&mut self, greater: bool) -> Parsed<Expr> {
        let left = self.concatenation(greater)?;
        let comparison = match self.token {
            Token::Op("<") => Comparison::Less,
            Token::Op("<=") => Comparison::LessOrEqual,
            Token::Op("==") => Comparison::Equal,
            Token::Op("!=") => Comparison::NotEqual,
            Token::Op(">") if greater => Comparison::Greater,
            Token::Op(">=") => Comparison::GreaterOrEqual,
            _ => return Ok(left),
        };
        self.advance()?;
        self.skip_newlines()?;
        let right = self.concatenation(greater)?;
        Ok(Expr::Compare(comparison, Box::new(left), Box::new(right)))
    }

    fn concatenation(&mut self, greater: bool) -> Parsed<Expr> {
        let mut left = self.additive()?;
        loop {
            if self.is("|") {
                // Otherwise it is `print … | command`.
                if !greater && !self.lexer.behind_is_getline() {
                    return Ok(left);
                }
                self.advance()?;
                if !self.is_keyword(Keyword::Getline) {
                    return self.unexpected();
                }
                self.advance()?;
                let target = self.getline_target()?;
                left = Expr::Getline(Source::Command(Box::new(left)), target);
                continue;
            }
            if !self.begins_operand() {
                return Ok(left);
            }
            let right = self.additive()?;
            left = Expr::Concat(Box::new(left), Box::new(right));
        }
    }

    fn begins_operand(&self) -> bool {
        match &self.token {
            Token::Number(_) | Token::Text(_) | Token::Regex(_) | Token::Name(_) | Token::Function(_) => true,
            Token::Builtin(_) => true,
            Token::Op(operator) => matches!(*operator, "(" | "$" | "!" | "-" | "+" | "++" | "--"),
            _ => false,
        }
    }

    fn additive(&mut self) -> Parsed<Expr> {
        let mut left = self.multiplicative()?;
        loop {
            let operation = match self.token {
                Token::Op("+") => Arithmetic::Add,
                Token::Op("-") => Arithmetic::Subtract,
                _ => return Ok(left),
            };
            self.advance()?;
            self.skip_newlines()?;
            let right = self.multiplicative()?;
            left = Expr::Arithmetic(operation, Box::new(left), Box::new(right));
        }
    }

    fn multiplicative(&mut self) -> Parsed<Expr> {
        let mut left = self.unary()?;
        loop {
            let operation = match self.token {
                Token::Op("*") => Arithmetic::Multiply,
                Token::Op("/") => Arithmetic::Divide,
                Token::Op("%") => Arithmetic::Modulo,
                _ => return Ok(left),
            };
            self.advance()?;
            self.skip_newlines()?;
            let right = self.unary()?;
            left = Expr::Arithmetic(operation, Box::new(left), Box::new(right));
        }
    }

    fn unary(&mut self) -> Parsed<Expr> {
        let Token::Op(operator @ ("!" | "-" | "+")) = self.token else { return self.power() };
        self.advance()?;
        let operand = Box::new(self.nested(|parser| parser.unary())?);
        Ok(match operator {
            "!" => Expr::Not(operand),
            "-" => Expr::Negative(operand),
            _ => Expr::Positive(operand),
        })
    }

    fn power(&mut self) -> Parsed<Expr> {
        let base = self.postfix()?;
        if !self.eat("^")? {
            return Ok(base);
        }
        self.skip_newlines()?;
        // To the right, and with a sign if there is one: 2^-3.
        let exponent = self.nested(|parser| parser.unary())?;
        Ok(Expr::Arithmetic(Arithmetic::Power, Box::new(base), Box::new(exponent)))
    }

    fn postfix(&mut self) -> Parsed<Expr> {
        let operand = self.primary()?;
        if matches!(operand, Expr::Variable(_) | Expr::Field(_) | Expr::Element(..)) {
            let delta = match self.token {
                Token::Op("++") => 1.0,
                Token::Op("--") => -1.0,
                _ => return Ok(operand),
            };
            self.advance()?;
            return Ok(Expr::Step { target: Box::new(operand), delta, after: false });
        }
        Ok(operand)
    }

    fn primary(&mut self) -> Parsed<Expr> {
        match self.advance()? {
            Token::Number(number) => Ok(Expr::Constant(Value::Number(number))),
            Token::Text(text) => Ok(Expr::Constant(Value::from(text))),
            Token::Regex(text) => match regex_of(&unescape_regex(&text)) {
                Ok(regex) => Ok(Expr::Regex(regex)),
                Err(what) => Err(self.error(&what)),
            },
            Token::Op("$") => {
                // `$i++` is `($i)++`, `$++i` is `$(++i)`.
                let index = match self.token {
                    Token::Op("++" | "--") => self.nested(|parser| parser.primary())?,
                    Token::Op("-" | "+" | "!") => self.nested(|parser| parser.unary())?,
                    _ => self.nested(|parser| parser.primary())?,
                };
                Ok(Expr::Field(Box::new(index)))
            }
            Token::Op(step @ ("++" | "--")) => {
                let target = self.nested(|parser| parser.primary())?;
                if !matches!(target, Expr::Variable(_) | Expr::Field(_) | Expr::Element(..)) {
                    return self.unexpected();
                }
                let delta = if step == "++" { 1.0 } else { -1.0 };
                Ok(Expr::Step { target: Box::new(target), delta, after: true })
            }
            Token::Op("(") => self.group(),
            Token::Op(sign @ ("-" | "+" | "!")) => {
                let operand = Box::new(self.nested(|parser| parser.unary())?);
                Ok(match sign {
                    "-" => Expr::Negative(operand),
                    "+" => Expr::Positive(operand),
                    _ => Expr::Not(operand),
                })
            }
            Token::Name(name) => {
                let place = self.place(&name);
                if self.eat("[")? {
                    let keys = self.list()?;
                    self.expect("]")?;
                    return Ok(Expr::Element(place, keys));
                }
                Ok(Expr::Variable(place))
            }
            Token::Function(name) => {
                if self.parameters.contains(&name) {
                    return self.unexpected();
                }
                let index = self.function_index(&name);
                let arguments = self.arguments()?;
                Ok(Expr::Call(index, arguments))
            }
            Token::Builtin(builtin) => {
                if builtin == Builtin::Length && !self.is("(") {
                    return Ok(Expr::Builtin(builtin, Vec::new()));
                }
                if !self.is("(") {
                    return self.unexpected();
                }
                let arguments = self.arguments()?;
                self.check_arguments(builtin, &arguments)?;
                Ok(Expr::Builtin(builtin, arguments))
            }
            Token::Keyword(Keyword::Getline) => {
                let target = self.getline_target()?;
                if self.eat("<")? {
                    let file = self.nested(|parser| parser.postfix())?;
                    return Ok(Expr::Getline(Source::File(Box::new(file)), target));
                }
                Ok(Expr::Getline(Source::Input, target))
            }
            _ => self.unexpected(),
        }
    }

    fn getline_target(&mut self) -> Parsed<Option<Box<Expr>>> {
        match self.token {
            Token::Name(_) | Token::Op("$") => Ok(Some(Box::new(self.nested(|parser| parser.primary())?))),
            _ => Ok(None),
        }
    }

    fn group(&mut self) -> Parsed<Expr> {
        let mut list = self.list()?;
        self.expect(")")?;
        if list.len() > 1 {
            return Ok(Expr::List(list));
        }
        Ok(list.remove(0))
    }

    fn arguments(&mut self) -> Parsed<Vec<Expr>> {
        self.expect("(")?;
        self.skip_newlines()?;
        if self.eat(")")? {
            return Ok(Vec::new());
        }
        let list = self.list()?;
        self.expect(")")?;
        Ok(list)
    }

    fn check_arguments(&self, builtin: Builtin, arguments: &[Expr]) -> Parsed<()> {
        let (least, most) = match builtin {
            Builtin::Rand | Builtin::Time => (0, 0),
            Builtin::Srand | Builtin::Length | Builtin::Flush => (0, 1),
            Builtin::FormatTime => (0, 3),
            Builtin::Atan2 | Builtin::Index | Builtin::ShiftLeft | Builtin::ShiftRight => (2, 2),
            Builtin::Match => (2, 3),
            Builtin::Gsub | Builtin::Sub | Builtin::Substr => (2, 3),
            Builtin::Split => (2, 3),
            Builtin::Gensub => (3, 4),
            Builtin::And | Builtin::Or | Builtin::Xor => (2, usize::MAX),
            Builtin::Sprintf => (1, usize::MAX),
            Builtin::Close => (1, 2),
            _ => (1, 1),
        };
        let array =
            |index: usize| arguments.get(index).is_none_or(|array| matches!(array, Expr::Variable(_)));
        let assignable = |index: usize| {
            arguments
                .get(index)
                .is_none_or(|target| matches!(target, Expr::Variable(_) | Expr::Field(_) | Expr::Element(..)))
        };
        let fits = match builtin {
            Builtin::Split => array(1),
            Builtin::Match => array(2),
            Builtin::Sub | Builtin::Gsub => assignable(2),
            _ => true,
        };
        if arguments.len() < least || arguments.len() > most {
            return Err(self.error("Too few arguments"));
        }
        if fits { Ok(()) } else { self.unexpected() }
    }
}

/// Escapes in a written expression that the engine does not know: `\"` and octal numbers.
fn unescape_regex(text: &[u8]) -> Vec<u8> {
    let mut result = Vec::with_capacity(text.len());
    let mut at = 0;
    while at < text.len() {
        match text[at..] {
            [b'\\', b'"', ..] => {
                result.push(b'"');
                at += 2;
            }
            [b'\\', b'0'..=b'7', ..] => {
                let digits =
                    text[at + 1..].iter().take(3).take_while(|byte| (b'0'..=b'7').contains(byte)).count();
                let byte = unescape(&text[at..at + 1 + digits]);
                // Characters with a meaning stand for themselves when written so.
                if byte.iter().any(|byte| b".[]()*+?{}|^$\\".contains(byte)) {
                    result.push(b'\\');
                }
                result.extend(byte);
                at += 1 + digits;
            }
            [b'\\', other, ..] => {
                result.extend([b'\\', other]);
                at += 2;
            }
            _ => {
                result.push(text[at]);
                at += 1;
            }
        }
    }
    result
}

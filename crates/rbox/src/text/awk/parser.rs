//! parser — from tokens to the tree of a program: its rules, functions and statements.
//!
//! Source: POSIX.1-2024 `awk`, "Grammar"; BusyBox and gawk for `**`, `nextfile`, `delete ARRAY`, `func`.

mod expression;

use super::lexer::{Builtin, Keyword, Lexer, Token, unescape};
use super::regex_of;
use super::tree::{
    Arithmetic, Comparison, Expr, Function, Pattern, Place, Program, Redirection, Rule, Source, Statement,
    Target,
};
use super::value::Value;

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
}

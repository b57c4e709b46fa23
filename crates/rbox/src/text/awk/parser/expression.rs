//! expression — the grammar of expressions, the weakest operators first.

use super::*;

impl Parser<'_> {
    pub(super) fn list(&mut self) -> Parsed<Vec<Expr>> {
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

    pub(super) fn expression(&mut self) -> Parsed<Expr> {
        self.nested(|parser| parser.ternary(true))
    }

    /// `greater`: whether `>` compares; in `print` it redirects.
    pub(super) fn ternary(&mut self, greater: bool) -> Parsed<Expr> {
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

    pub(super) fn assignment(&mut self, target: Expr, greater: bool) -> Parsed<Expr> {
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

    pub(super) fn or(&mut self, greater: bool) -> Parsed<Expr> {
        let mut left = self.and(greater)?;
        while self.eat("||")? {
            self.skip_newlines()?;
            let right = self.and(greater)?;
            let right = self.assignment(right, greater)?;
            left = Expr::Or(Box::new(left), Box::new(right));
        }
        Ok(left)
    }

    pub(super) fn and(&mut self, greater: bool) -> Parsed<Expr> {
        let mut left = self.membership(greater)?;
        while self.eat("&&")? {
            self.skip_newlines()?;
            let right = self.membership(greater)?;
            let right = self.assignment(right, greater)?;
            left = Expr::And(Box::new(left), Box::new(right));
        }
        Ok(left)
    }

    pub(super) fn membership(&mut self, greater: bool) -> Parsed<Expr> {
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

    pub(super) fn matching(&mut self, greater: bool) -> Parsed<Expr> {
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

    pub(super) fn comparison(&mut self, greater: bool) -> Parsed<Expr> {
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

    pub(super) fn concatenation(&mut self, greater: bool) -> Parsed<Expr> {
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

    pub(super) fn begins_operand(&self) -> bool {
        match &self.token {
            Token::Number(_) | Token::Text(_) | Token::Regex(_) | Token::Name(_) | Token::Function(_) => true,
            Token::Builtin(_) => true,
            Token::Op(operator) => matches!(*operator, "(" | "$" | "!" | "-" | "+" | "++" | "--"),
            _ => false,
        }
    }

    pub(super) fn additive(&mut self) -> Parsed<Expr> {
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

    pub(super) fn multiplicative(&mut self) -> Parsed<Expr> {
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

    pub(super) fn unary(&mut self) -> Parsed<Expr> {
        let Token::Op(operator @ ("!" | "-" | "+")) = self.token else { return self.power() };
        self.advance()?;
        let operand = Box::new(self.nested(|parser| parser.unary())?);
        Ok(match operator {
            "!" => Expr::Not(operand),
            "-" => Expr::Negative(operand),
            _ => Expr::Positive(operand),
        })
    }

    pub(super) fn power(&mut self) -> Parsed<Expr> {
        let base = self.postfix()?;
        if !self.eat("^")? {
            return Ok(base);
        }
        self.skip_newlines()?;
        // To the right, and with a sign if there is one: 2^-3.
        let exponent = self.nested(|parser| parser.unary())?;
        Ok(Expr::Arithmetic(Arithmetic::Power, Box::new(base), Box::new(exponent)))
    }

    pub(super) fn postfix(&mut self) -> Parsed<Expr> {
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

    pub(super) fn primary(&mut self) -> Parsed<Expr> {
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

    pub(super) fn getline_target(&mut self) -> Parsed<Option<Box<Expr>>> {
        match self.token {
            Token::Name(_) | Token::Op("$") => Ok(Some(Box::new(self.nested(|parser| parser.primary())?))),
            _ => Ok(None),
        }
    }

    pub(super) fn group(&mut self) -> Parsed<Expr> {
        let mut list = self.list()?;
        self.expect(")")?;
        if list.len() > 1 {
            return Ok(Expr::List(list));
        }
        Ok(list.remove(0))
    }

    pub(super) fn arguments(&mut self) -> Parsed<Vec<Expr>> {
        self.expect("(")?;
        self.skip_newlines()?;
        if self.eat(")")? {
            return Ok(Vec::new());
        }
        let list = self.list()?;
        self.expect(")")?;
        Ok(list)
    }

    pub(super) fn check_arguments(&self, builtin: Builtin, arguments: &[Expr]) -> Parsed<()> {
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

//! expression — values of expressions, what they assign to, and calls.

use super::super::library;
use super::super::tree::{Arithmetic, Comparison, Expr, Place, Source};
use super::*;

impl<'p> Machine<'p> {
    /// The key of one or more subscripts.
    pub(super) fn key(&mut self, cx: &mut Cx<'_>, keys: &'p [Expr]) -> Run<Vec<u8>> {
        let mut key = Vec::new();
        for (index, part) in keys.iter().enumerate() {
            if index > 0 {
                key.extend_from_slice(&self.global_text(SUBSEP));
            }
            match self.eval(cx, part)? {
                // Whole numbers are the same key, however they are written.
                Value::Number(number) if number == number.trunc() && number.abs() < 1e15 => {
                    append_integer(number as i64, &mut key);
                }
                value => value.append(&self.convert, &mut key),
            }
        }
        Ok(key)
    }

    pub(in super::super) fn truth(&mut self, cx: &mut Cx<'_>, expr: &'p Expr) -> Run<bool> {
        Ok(self.eval(cx, expr)?.truth())
    }

    pub(in super::super) fn text(&mut self, cx: &mut Cx<'_>, expr: &'p Expr) -> Run<Rc<[u8]>> {
        let value = self.eval(cx, expr)?;
        Ok(value.text(&self.convert))
    }

    pub(in super::super) fn number(&mut self, cx: &mut Cx<'_>, expr: &'p Expr) -> Run<f64> {
        Ok(self.eval(cx, expr)?.number())
    }

    pub(in super::super) fn eval(&mut self, cx: &mut Cx<'_>, expr: &'p Expr) -> Run<Value> {
        match expr {
            Expr::Constant(value) => Ok(value.clone()),
            Expr::Regex(regex) => {
                let text = self.record_text();
                Ok(Value::from(matches(regex, &text)?))
            }
            Expr::Variable(Place::Global(index)) => match &self.globals[*index] {
                Cell::Array(_) => Err(failure("an array is used as a value")),
                _ => Ok(self.global(*index)),
            },
            Expr::Variable(place) => match self.cell(*place) {
                Cell::Value(value) => Ok(value.clone()),
                Cell::Unused => Ok(Value::Nothing),
                Cell::Array(_) => Err(failure("an array is used as a value")),
            },
            Expr::Field(index) => {
                let index = self.field_index(cx, index)?;
                Ok(self.field(index))
            }
            Expr::Element(place, keys) => {
                let key = self.key(cx, keys)?;
                let array = self.array(*place)?;
                let value = array.borrow_mut().entry(&key).clone();
                Ok(value)
            }
            Expr::Assign(target, value) => {
                let value = self.eval(cx, value)?;
                self.assign(cx, target, value.clone())?;
                Ok(value)
            }
            Expr::AssignOp(operation, target, value) => {
                let right = self.number(cx, value)?;
                let left = self.number(cx, target)?;
                let value = Value::Number(arithmetic(*operation, left, right)?);
                self.assign(cx, target, value.clone())?;
                Ok(value)
            }
            Expr::Step { target, delta, after } => {
                let before = self.number(cx, target)?;
                self.assign(cx, target, Value::Number(before + delta))?;
                Ok(Value::Number(if *after { before + delta } else { before }))
            }
            Expr::Conditional(condition, yes, no) => {
                let chosen = if self.truth(cx, condition)? { yes } else { no };
                self.eval(cx, chosen)
            }
            Expr::And(one, other) => Ok(Value::from(self.truth(cx, one)? && self.truth(cx, other)?)),
            Expr::Or(one, other) => Ok(Value::from(self.truth(cx, one)? || self.truth(cx, other)?)),
            Expr::Not(operand) => Ok(Value::from(!self.truth(cx, operand)?)),
            Expr::Negative(operand) => Ok(Value::Number(-self.number(cx, operand)?)),
            Expr::Positive(operand) => Ok(Value::Number(self.number(cx, operand)?)),
            Expr::Arithmetic(operation, one, other) => {
                let left = self.number(cx, one)?;
                let right = self.number(cx, other)?;
                Ok(Value::Number(arithmetic(*operation, left, right)?))
            }
            Expr::Compare(comparison, one, other) => {
                let left = self.eval(cx, one)?;
                let right = self.eval(cx, other)?;
                Ok(Value::from(holds(*comparison, compare(&left, &right, &self.convert))))
            }
            Expr::Match { text, pattern, negated } => {
                let text = self.text(cx, text)?;
                let regex = self.pattern(cx, pattern)?;
                Ok(Value::from(matches(&regex, &text)? != *negated))
            }
            Expr::Concat(..) => {
                let mut text = Vec::new();
                self.concat(cx, expr, &mut text)?;
                Ok(Value::from(text))
            }
            Expr::In(keys, place) => {
                let key = self.key(cx, keys)?;
                let array = self.array(*place)?;
                let found = array.borrow().get(&key).is_some();
                Ok(Value::from(found))
            }
            Expr::List(_) => Err(failure("Unexpected token")),
            Expr::Getline(source, target) => self.getline(cx, source, target.as_deref()),
            Expr::Call(index, arguments) => self.call(cx, *index, arguments),
            Expr::Builtin(builtin, arguments) => self.builtin(cx, *builtin, arguments),
        }
    }

    /// A row of concatenations is built in one go.
    pub(super) fn concat(&mut self, cx: &mut Cx<'_>, expr: &'p Expr, text: &mut Vec<u8>) -> Run<()> {
        if let Expr::Concat(one, other) = expr {
            self.concat(cx, one, text)?;
            let right = self.eval(cx, other)?;
            right.append(&self.convert, text);
            return Ok(());
        }
        let value = self.eval(cx, expr)?;
        value.append(&self.convert, text);
        Ok(())
    }

    pub(in super::super) fn assign(&mut self, cx: &mut Cx<'_>, target: &'p Expr, value: Value) -> Run<()> {
        match target {
            Expr::Variable(Place::Global(index)) => {
                if *index < SPECIAL.len() || matches!(self.globals[*index], Cell::Array(_)) {
                    return self.set_global(*index, value);
                }
                self.globals[*index] = Cell::Value(value);
                Ok(())
            }
            Expr::Variable(place) => match self.cell(*place) {
                Cell::Array(_) => Err(failure("an array is used as a value")),
                cell => {
                    *cell = Cell::Value(value);
                    Ok(())
                }
            },
            Expr::Field(index) => {
                let index = self.field_index(cx, index)?;
                self.set_field(index, value);
                Ok(())
            }
            Expr::Element(place, keys) => {
                let key = self.key(cx, keys)?;
                let array = self.array(*place)?;
                *array.borrow_mut().entry(&key) = value;
                Ok(())
            }
            _ => Err(failure("Unexpected token")),
        }
    }

    pub(super) fn set_field(&mut self, index: usize, value: Value) {
        if index == 0 {
            let text = value.text(&self.convert);
            self.record.set(text);
        } else {
            self.field_count();
            self.record.set_field(index, value);
        }
    }

    /// 1: a record was read; 0: there is none; -1: the file cannot be read.
    pub(super) fn getline(
        &mut self,
        cx: &mut Cx<'_>,
        source: &'p Source,
        target: Option<&'p Expr>,
    ) -> Run<Value> {
        let text = match source {
            Source::Input => match self.next_record(cx)? {
                Some(text) => text,
                None => return Ok(Value::Number(0.0)),
            },
            Source::File(name) | Source::Command(name) => {
                let name = self.text(cx, name)?;
                let is_command = matches!(source, Source::Command(_));
                let end = record_end(&self.record_end, self.record_regex.as_deref());
                let Some(reader) = self.streams.reader(cx, &name, is_command) else {
                    return Ok(Value::Number(-1.0));
                };
                let text = match reader.record(&end) {
                    Ok(Some(text)) => Rc::from(text),
                    Ok(None) => return Ok(Value::Number(0.0)),
                    Err(_) => return Ok(Value::Number(-1.0)),
                };
                if is_command {
                    self.records += 1.0;
                }
                text
            }
        };
        match target {
            Some(target) => self.assign(cx, target, Value::Input(text))?,
            None => self.record.set(text),
        }
        Ok(Value::Number(1.0))
    }

    pub(super) fn call(&mut self, cx: &mut Cx<'_>, index: usize, arguments: &'p [Expr]) -> Run<Value> {
        let function = &self.program.functions[index];
        let Some(body) = &function.body else { return Err(failure("Call to undefined function")) };
        if arguments.len() > function.parameters {
            return Err(failure(&format!(
                "too many arguments of {}",
                OsStr::from_bytes(&function.name).display()
            )));
        }
        if self.stack_base.abs_diff(stack_place()) > STACK_MAX {
            return Err(failure("calls are nested too deeply"));
        }
        let mut cells = Vec::with_capacity(function.parameters);
        for argument in arguments {
            cells.push(match argument {
                // Arrays go by reference; what is not used yet may become one.
                Expr::Variable(place) => match self.cell(*place).clone() {
                    Cell::Value(_) | Cell::Unused if matches!(place, Place::Global(index) if *index < SPECIAL.len()) => {
                        Cell::Value(self.eval(cx, argument)?)
                    }
                    cell => cell,
                },
                other => Cell::Value(self.eval(cx, other)?),
            });
        }
        cells.resize(function.parameters, Cell::Unused);
        let outer = std::mem::replace(&mut self.frame, self.stack.len());
        self.stack.append(&mut cells);
        let flow = self.block(cx, body);
        let inner = std::mem::replace(&mut self.frame, outer);
        let locals = self.stack.split_off(inner);
        for (argument, cell) in arguments.iter().zip(locals) {
            if let (Expr::Variable(place), Cell::Array(_)) = (argument, &cell)
                && let unused @ Cell::Unused = self.cell(*place)
            {
                *unused = cell;
            }
        }
        match flow? {
            Flow::Return(value) => Ok(value),
            _ => Ok(Value::Nothing),
        }
    }

    pub(in super::super) fn formatted(&mut self, cx: &mut Cx<'_>, values: &'p [Expr]) -> Run<Vec<u8>> {
        let mut evaluated = Vec::with_capacity(values.len());
        for value in values {
            evaluated.push(self.eval(cx, value)?);
        }
        let mut text = Vec::new();
        if let Some((pattern, values)) = evaluated.split_first() {
            super::super::format::format(&pattern.text(&self.convert), values, &self.convert, &mut text);
        }
        Ok(text)
    }
}

fn arithmetic(operation: Arithmetic, left: f64, right: f64) -> Run<f64> {
    Ok(match operation {
        Arithmetic::Add => left + right,
        Arithmetic::Subtract => left - right,
        Arithmetic::Multiply => left * right,
        Arithmetic::Divide | Arithmetic::Modulo if right == 0.0 => return Err(failure("Division by zero")),
        Arithmetic::Divide => left / right,
        Arithmetic::Modulo => left % right,
        Arithmetic::Power => library::power(left, right),
    })
}

fn holds(comparison: Comparison, order: Option<Ordering>) -> bool {
    match (comparison, order) {
        (Comparison::NotEqual, None) => true,
        (_, None) => false,
        (Comparison::Less, Some(order)) => order == Ordering::Less,
        (Comparison::LessOrEqual, Some(order)) => order != Ordering::Greater,
        (Comparison::Equal, Some(order)) => order == Ordering::Equal,
        (Comparison::NotEqual, Some(order)) => order != Ordering::Equal,
        (Comparison::Greater, Some(order)) => order == Ordering::Greater,
        (Comparison::GreaterOrEqual, Some(order)) => order != Ordering::Less,
    }
}

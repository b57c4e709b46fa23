//! statement — what statements do, and where what they print goes.

use super::*;

impl<'p> Machine<'p> {
    pub(super) fn block(&mut self, cx: &mut Cx<'_>, statements: &'p [Statement]) -> Run<Flow> {
        for statement in statements {
            match self.statement(cx, statement)? {
                Flow::Normal => {}
                other => return Ok(other),
            }
        }
        Ok(Flow::Normal)
    }

    pub(super) fn statement(&mut self, cx: &mut Cx<'_>, statement: &'p Statement) -> Run<Flow> {
        match statement {
            Statement::Expression(expr) => {
                self.eval(cx, expr)?;
            }
            Statement::Print(values, redirection) => self.print(cx, values, redirection.as_ref())?,
            Statement::Printf(values, redirection) => {
                let text = self.formatted(cx, values)?;
                self.write(cx, &text, redirection.as_ref())?;
            }
            Statement::Block(statements) => return self.block(cx, statements),
            Statement::If(condition, then, otherwise) => {
                if self.truth(cx, condition)? {
                    return self.statement(cx, then);
                } else if let Some(otherwise) = otherwise {
                    return self.statement(cx, otherwise);
                }
            }
            Statement::While(condition, body) => {
                while self.truth(cx, condition)? {
                    match self.statement(cx, body)? {
                        Flow::Break => break,
                        Flow::Return(value) => return Ok(Flow::Return(value)),
                        _ => {}
                    }
                }
            }
            Statement::DoWhile(body, condition) => loop {
                match self.statement(cx, body)? {
                    Flow::Break => break,
                    Flow::Return(value) => return Ok(Flow::Return(value)),
                    _ => {}
                }
                if !self.truth(cx, condition)? {
                    break;
                }
            },
            Statement::For(start, condition, step, body) => {
                if let Some(start) = start {
                    self.statement(cx, start)?;
                }
                while condition.as_ref().map_or(Ok(true), |condition| self.truth(cx, condition))? {
                    match self.statement(cx, body)? {
                        Flow::Break => break,
                        Flow::Return(value) => return Ok(Flow::Return(value)),
                        _ => {}
                    }
                    if let Some(step) = step {
                        self.statement(cx, step)?;
                    }
                }
            }
            Statement::ForIn(key, place, body) => return self.for_in(cx, key, *place, body),
            Statement::Break => return Ok(Flow::Break),
            Statement::Continue => return Ok(Flow::Continue),
            Statement::Next => return Err(Stop::Next),
            Statement::NextFile => return Err(Stop::NextFile),
            Statement::Exit(status) => {
                if let Some(status) = status {
                    self.status = self.number(cx, status)? as i64 as u8;
                }
                return Err(Stop::Exit);
            }
            Statement::Return(value) => {
                return Ok(Flow::Return(match value {
                    Some(value) => self.eval(cx, value)?,
                    None => Value::Nothing,
                }));
            }
            Statement::Delete(place, keys) => {
                let key = self.key(cx, keys)?;
                self.array(*place)?.borrow_mut().remove(&key);
            }
            Statement::DeleteAll(place) => self.array(*place)?.borrow_mut().clear(),
        }
        Ok(Flow::Normal)
    }

    pub(super) fn for_in(
        &mut self,
        cx: &mut Cx<'_>,
        key: &'p Expr,
        place: Place,
        body: &'p Statement,
    ) -> Run<Flow> {
        let array = self.array(place)?;
        let keys = array.borrow().keys();
        for name in keys {
            // What the body has deleted is not visited any more.
            if array.borrow().get(&name).is_none() {
                continue;
            }
            self.assign(cx, key, Value::Input(Rc::from(name)))?;
            match self.statement(cx, body)? {
                Flow::Break => break,
                Flow::Return(value) => return Ok(Flow::Return(value)),
                _ => {}
            }
        }
        Ok(Flow::Normal)
    }

    pub(super) fn print(
        &mut self,
        cx: &mut Cx<'_>,
        values: &'p [Expr],
        redirection: Option<&'p Redirection>,
    ) -> Run<()> {
        let mut text = Vec::new();
        if values.is_empty() {
            text.extend_from_slice(&self.record_text());
        }
        let format = self.global_text(OFMT);
        for (index, value) in values.iter().enumerate() {
            let value = self.eval(cx, value)?;
            if index > 0 {
                text.extend_from_slice(&self.output_separator);
            }
            value.append(&format, &mut text);
        }
        text.extend_from_slice(&self.output_end);
        self.write(cx, &text, redirection)
    }

    pub(super) fn write(
        &mut self,
        cx: &mut Cx<'_>,
        text: &[u8],
        redirection: Option<&'p Redirection>,
    ) -> Run<()> {
        match redirection {
            None => {
                cx.out.write(text);
                if cx.out.failed() { Err(Stop::Exit) } else { Ok(()) }
            }
            Some(redirection) => {
                let name = self.text(cx, &redirection.name)?;
                if name.is_empty() {
                    return Err(failure("empty name of a file"));
                }
                Ok(self.streams.write(cx, redirection.kind, &name, text)?)
            }
        }
    }
}

#!/usr/bin/env python3
"""Generated Baseline programs about control: handlers, closures, shared variables, early returns.

    effects.py --run 'build/bl-uring {}' [--run …] [--count N] [--seed S] [--keep DIR] [--size N]

The companion of programs.py, which is about data. Every program is a tree of tuples; `text` writes
it as Baseline, and `run` walks it as the language reference says. The walker is made of Python
generators: performing an operation is a `yield` to whoever drives the body, so handlers, resumed
and dropped continuations come for free. All numbers stay below 1009. Prints the seed of each
failure, and `N passed, N failed`.
"""
import argparse, os, random, shlex, subprocess, sys, tempfile

sys.setrecursionlimit(20000)
STEPS_MAX = 60000


class TooLong(Exception):
    """The program would run for long: another one is made."""


class Early(Exception):
    """`?` left the function or lambda `owner`, with None."""

    def __init__(self, owner):
        self.owner = owner


# ---- making programs -------------------------------------------------------------------------

class Scope:
    """What an expression may name. `owner`: whether `?` may stand here; `resume`: its name."""

    def __init__(self, outer=None, **changes):
        for kind in ('ints', 'muts', 'lambdas', 'lists', 'records'):
            setattr(self, kind, list(getattr(outer, kind)) if outer else [])
        self.has_owner = outer.has_owner if outer else False
        for name, value in changes.items():
            setattr(self, name, value)


class Maker:
    def __init__(self, seed, size):
        self.random = random.Random(seed)
        self.count = 0
        self.size = size
        self.functions = []  # (name, parameters, returns an Option)
        self.left = size

    def name(self, prefix):
        self.count += 1
        return '%s%d' % (prefix, self.count)

    def pick(self, *makers):
        return self.random.choice(makers)

    def expr(self, scope, depth):
        r = self.random
        self.left -= 1
        if depth <= 0 or self.left < 0:
            names = scope.ints + scope.muts
            if names and r.random() < 0.7:
                return ('var', r.choice(names))
            return ('int', r.randint(0, 20))
        makers = [self.binary, self.binary, self.choice, self.block, self.call, self.perform,
                  self.perform, self.handle, self.handle, self.records, self.capture, self.fold,
                  self.match, self.option_lambda, self.pipe]
        if scope.lambdas:
            makers += [self.apply] * 3
        if scope.records:
            makers += [self.field] * 2
        if scope.has_owner:
            makers += [self.leave]
        return r.choice(makers)(scope, depth - 1)

    def condition(self, scope, depth):
        return (self.random.choice(['<', '==', '>=', '!=']), self.expr(scope, depth),
                self.expr(scope, depth))

    def binary(self, scope, depth):
        return ('binary', self.random.choice('+*-'), self.expr(scope, depth),
                self.expr(scope, depth))

    def choice(self, scope, depth):
        return ('if', self.condition(scope, depth), self.expr(scope, depth),
                self.expr(scope, depth))

    def match(self, scope, depth):
        scrutinee = self.expr(scope, depth)
        name = self.name('v')
        inner = Scope(scope)
        inner.ints.append(name)
        return ('match', scrutinee, self.random.randint(0, 9), self.expr(scope, depth), name,
                self.condition(inner, depth), self.expr(inner, depth), self.expr(scope, depth))

    def call(self, scope, depth):
        if not self.functions:
            return self.binary(scope, depth)
        name, parameters, is_option = self.random.choice(self.functions)
        arguments = [self.expr(scope, depth) for _ in parameters]
        named = self.random.random() < 0.3
        call = ('call', name, parameters, arguments, named)
        return ('or', call, self.expr(scope, depth)) if is_option else call

    def pipe(self, scope, depth):
        if self.random.random() < 0.5:
            return ('pipe', self.expr(scope, depth), self.random.choice(['A.a!', 'B.b!']))
        return ('pipelambda', self.expr(scope, depth), self.lambda_(scope, depth))

    def lambda_(self, scope, depth):
        name = self.name('p')
        inner = Scope(scope, has_owner=False)
        inner.ints.append(name)
        return ('lambda', name, self.expr(inner, depth))

    def option_lambda(self, scope, depth):
        name = self.name('p')
        inner = Scope(scope, has_owner=True)
        inner.ints.append(name)
        return ('or', ('applyoption', name, self.expr(inner, depth), self.expr(scope, depth)),
                self.expr(scope, depth))

    def apply(self, scope, depth):
        return ('apply', self.random.choice(scope.lambdas), self.expr(scope, depth))

    def field(self, scope, depth):
        return ('field', self.random.choice(scope.records), self.random.choice('fg'))

    def leave(self, scope, depth):
        return ('leave', self.condition(scope, depth), self.expr(scope, depth))

    def perform(self, scope, depth):
        return ('perform', self.random.choice('AB'), self.expr(scope, depth))

    def list_(self, scope, depth):
        r = self.random
        if scope.lists and r.random() < 0.5:
            base = r.choice(scope.lists)
            kind = r.choice(['name', 'push', 'map', 'filter'])
            if kind == 'name':
                return ('list', base)
            if kind == 'push':
                return ('push', base, self.expr(scope, depth))
            return (kind, base, self.lambda_(scope, depth))
        return ('items', [self.expr(scope, depth) for _ in range(r.randint(0, 3))])

    def fold(self, scope, depth):
        a, b = self.name('p'), self.name('p')
        inner = Scope(scope, has_owner=False)
        inner.ints += [a, b]
        return ('fold', self.list_(scope, depth), self.expr(scope, depth), a, b,
                self.expr(inner, depth))

    def clause(self, scope, depth):
        """The effect that it is for, its parameter, its body; `resume` is ('resume', e)."""
        r = self.random
        effect, name = r.choice('AB'), self.name('v')
        inner = Scope(scope)
        inner.ints.append(name)
        value = self.expr(inner, depth - 1)
        resume = ('resume', value)
        kind = r.randint(0, 8)
        if kind <= 2:
            body = resume
        elif kind == 3:
            after = Scope(inner)
            got = self.name('v')
            after.ints.append(got)
            body = ('block', [('let', got, resume)], self.expr(after, depth))
        elif kind == 4:
            body = self.expr(inner, depth)
        elif kind == 5:
            body = ('if', self.condition(inner, depth - 1), resume, self.expr(inner, depth))
        elif kind == 6:
            k = self.name('p')
            body = ('pipelambda', value, ('lambda', k, ('resume', ('var', k))))
        elif kind == 7:
            a, b = self.name('p'), self.name('p')
            body = ('fold', ('items', [value]), ('int', 3), a, b,
                    ('binary', '+', ('resume', ('var', b)), ('var', a)))
        else:
            body = ('handle', resume, [self.clause(inner, depth - 1)])
        if r.random() < 0.4:
            body = ('block', [self.statement(inner, depth - 1)], body)
        return effect, name, body

    def handle(self, scope, depth):
        body = self.block(scope, depth)
        clauses = [self.clause(scope, depth)]
        if self.random.random() < 0.4:
            other = self.clause(scope, depth)
            if other[0] != clauses[0][0]:
                clauses.append(other)
        return ('handle', body, clauses)

    def records(self, scope, depth):
        return ('records', self.random.choice('AB'), self.lambda_(scope, depth),
                self.block(scope, depth))

    def capture(self, scope, depth):
        inner = Scope(scope)
        value, told = self.name('v'), self.name('xs')
        after = Scope(scope)
        after.ints.append(value)
        after.lists.append(told)
        return ('capture', value, told, self.block(inner, depth), self.expr(after, depth))

    def block(self, scope, depth):
        inner = Scope(scope)
        statements = [self.statement(inner, depth) for _ in range(self.random.randint(1, 3))]
        return ('block', statements, self.expr(inner, depth))

    def statement(self, scope, depth):
        """Adds what it declares to scope."""
        r = self.random
        kind = r.choice(['let', 'mut', 'mut', 'set', 'set', 'set', 'lambda', 'lambda', 'list',
                         'say', 'say', 'for', 'record', 'setfield', 'tell', 'drop'])
        if kind == 'set' and scope.muts:
            return ('set', r.choice(scope.muts), self.expr(scope, depth))
        if kind == 'setfield' and scope.records:
            return ('setfield', r.choice(scope.records), r.choice('fg'), self.expr(scope, depth))
        if kind == 'lambda':
            made = ('letlambda', self.name('f'), self.lambda_(scope, depth))
            scope.lambdas.append(made[1])
            return made
        if kind == 'list':
            made = ('letlist', self.name('xs'), self.list_(scope, depth))
            scope.lists.append(made[1])
            return made
        if kind == 'say':
            return ('say', self.name('s'), self.expr(scope, depth))
        if kind == 'tell':
            return ('tell', self.expr(scope, depth))
        if kind == 'drop':
            return ('drop', self.expr(scope, depth))
        if kind == 'for':
            name = self.name('v')
            inner = Scope(scope)
            inner.ints.append(name)
            body = [self.statement(inner, depth - 1) for _ in range(r.randint(1, 2))]
            return ('for', name, self.list_(scope, depth), body)
        if kind == 'record':
            made = ('letrecord', self.name('r'), self.expr(scope, depth), self.expr(scope, depth))
            scope.records.append(made[1])
            return made
        if kind == 'mut':
            made = ('letmut', self.name('m'), self.expr(scope, depth))
            scope.muts.append(made[1])
            return made
        # A name may hide an older one of its kind.
        name = r.choice(scope.ints) if scope.ints and r.random() < 0.2 else self.name('v')
        made = ('let', name, self.expr(scope, depth))
        if name not in scope.ints:
            scope.ints.append(name)
        return made

    def program(self):
        functions = {}
        for _ in range(self.random.randint(1, 4)):
            self.left = self.size
            name = self.name('go') + '!'
            parameters = [self.name('a') for _ in range(self.random.randint(1, 3))]
            is_option = self.random.random() < 0.5
            scope = Scope(has_owner=is_option)
            scope.ints = list(parameters)
            body = self.block(scope, 3)
            functions[name] = (parameters, body, is_option)
            self.functions.append((name, parameters, is_option))
        self.left = 2 * self.size
        return functions, self.block(Scope(), 4)


# ---- as text ---------------------------------------------------------------------------------

def text(e):
    kind = e[0]
    if kind == 'int':
        return str(e[1])
    if kind == 'var':
        return e[1]
    if kind == 'binary':
        return '((%s %s %s) %% 1009)' % (text(e[2]), e[1], text(e[3]))
    if kind in ('<', '==', '>=', '!='):
        return '%s %s %s' % (text(e[1]), kind, text(e[2]))
    if kind == 'if':
        return '(if %s then %s else %s)' % (text(e[1]), text(e[2]), text(e[3]))
    if kind == 'match':
        return '(match %s %d -> %s %s if %s -> %s _ -> %s)' % (
            text(e[1]), e[2], text(e[3]), e[4], text(e[5]), text(e[6]), text(e[7]))
    if kind == 'call':
        _, name, parameters, arguments, named = e
        parts = [text(a) for a in arguments]
        if named:
            parts = ['%s: %s' % pair for pair in zip(parameters, parts)]
        return '%s(%s)' % (name, ', '.join(parts))
    if kind == 'or':
        return 'Option.unwrap_or(%s, %s)' % (text(e[1]), text(e[2]))
    if kind == 'pipe':
        return '(%s |> %s)' % (text(e[1]), e[2])
    if kind == 'pipelambda':
        return '(%s |> (%s))' % (text(e[1]), text(e[2]))
    if kind == 'lambda':
        return '|%s| %s' % (e[1], text(e[2]))
    if kind == 'applyoption':
        return '(|%s| Some(%s))(%s)' % (e[1], text(e[2]), text(e[3]))
    if kind == 'apply':
        return '%s(%s)' % (e[1], text(e[2]))
    if kind == 'field':
        return '%s.%s' % (e[1], e[2])
    if kind == 'leave':
        return '(if %s then None else Some(%s))?' % (text(e[1]), text(e[2]))
    if kind == 'perform':
        return '%s.%s!(%s)' % (e[1], e[1].lower(), text(e[2]))
    if kind == 'resume':
        return 'resume(%s)' % text(e[1])
    if kind == 'list':
        return e[1]
    if kind == 'items':
        return '[%s]' % ', '.join(map(text, e[1]))
    if kind == 'push':
        return 'List.push(%s, %s)' % (e[1], text(e[2]))
    if kind == 'map':
        return 'List.map(%s, %s)' % (e[1], text(e[2]))
    if kind == 'filter':
        return 'List.filter(%s, |%s| %s > 9)' % (e[1], e[2][1], text(e[2][2]))
    if kind == 'fold':
        return 'List.fold(%s, %s, |%s, %s| %s)' % (text(e[1]), text(e[2]), e[3], e[4], text(e[5]))
    if kind == 'handle':
        clauses = ['%s.%s!(%s, resume) -> %s' % (c[0], c[0].lower(), c[1], text(c[2]))
                   for c in e[2]]
        return '(handle %s with { %s })' % (text(e[1]), '\n'.join(clauses))
    if kind == 'records':
        return '(with { %s: { %s: %s } } %s)' % (e[1], e[1].lower(), text(e[2]), text(e[3]))
    if kind == 'capture':
        return '{ let (%s, told) = with T.t! %s; let %s = ints(told); %s }' % (
            e[1], text(e[3]), e[2], text(e[4]))
    if kind == 'block':
        return '{\n%s%s\n}' % (''.join(statement_text(s) + ';\n' for s in e[1]), text(e[2]))
    raise AssertionError(kind)


def statement_text(s):
    kind = s[0]
    if kind in ('let', 'letlambda', 'letlist'):
        return 'let %s = %s' % (s[1], text(s[2]))
    if kind == 'letmut':
        return 'let mut %s = %s' % (s[1], text(s[2]))
    if kind == 'letrecord':
        return 'let mut %s = { f: %s, g: %s }' % (s[1], text(s[2]), text(s[3]))
    if kind == 'set':
        return '%s = %s' % (s[1], text(s[2]))
    if kind == 'setfield':
        return '%s.%s = %s' % (s[1], s[2], text(s[3]))
    if kind == 'say':
        return 'Console.println!("%s ${%s}")' % (s[1], text(s[2]))
    if kind == 'tell':
        return 'T.t!(%s)' % text(s[1])
    if kind == 'drop':
        return 'let _ = %s' % text(s[1])
    if kind == 'for':
        return 'for %s in %s do {\n%s()\n}' % (
            s[1], text(s[2]), ''.join(statement_text(x) + ';\n' for x in s[3]))
    raise AssertionError(kind)


def program_text(functions, main):
    lines = ['@prelude(script)', 'effect A { a! : Int -> Int }', 'effect B { b! : Int -> Int }',
             'effect T { t! : Int -> () }',
             'fn ints(told: Unknown) -> List<Int> = told']  # What is captured counts as Strings.
    for name, (parameters, body, is_option) in functions.items():
        lines.append('fn %s(%s) -> %s = %s' % (
            name, ', '.join(p + ': Int' for p in parameters),
            'Option<Int>' if is_option else 'Int',
            '{ let out = %s; Some(out) }' % text(body) if is_option else text(body)))
    lines.append('fn main!() = Console.println!("= ${%s}")' % (
        '(handle %s with { A.a!(x, resume) -> resume(x + 1)\nB.b!(x, resume) -> '
        '{ Console.println!("b ${x}"); resume(x * 2 %% 1009) }\nT.t!(x, resume) -> resume() })'
        % text(main)))
    return '\n'.join(lines) + '\n'


# ---- naive meaning ---------------------------------------------------------------------------

def remainder(n):
    return n % 1009 if n >= 0 else -(-n % 1009)


class Walker:
    def __init__(self, functions):
        self.functions = functions
        self.out = []
        self.steps = 0

    def test(self, e, env, owner):
        a = yield from self.eval(e[1], env, owner)
        b = yield from self.eval(e[2], env, owner)
        return {'<': a < b, '==': a == b, '>=': a >= b, '!=': a != b}[e[0]]

    def function(self, parameter, body, env):
        def call(value):
            return (yield from self.eval(body, {**env, parameter: [value]}, None))
        return call

    def owned(self, body, env):
        """The value of an Option: ('Some', v) or None."""
        owner = object()
        try:
            return ('Some', (yield from self.eval(body, env, owner)))
        except Early as early:
            if early.owner is not owner:
                raise
            return None

    def eval(self, e, env, owner):
        self.steps += 1
        if self.steps > STEPS_MAX:
            raise TooLong
        kind = e[0]
        if kind == 'int':
            return e[1]
        if kind == 'var':
            return env[e[1]][0]
        if kind == 'binary':
            a = yield from self.eval(e[2], env, owner)
            b = yield from self.eval(e[3], env, owner)
            return remainder({'+': a + b, '-': a - b, '*': a * b}[e[1]])
        if kind == 'if':
            c = yield from self.test(e[1], env, owner)
            return (yield from self.eval(e[2] if c else e[3], env, owner))
        if kind == 'match':
            v = yield from self.eval(e[1], env, owner)
            if v == e[2]:
                return (yield from self.eval(e[3], env, owner))
            inner = {**env, e[4]: [v]}
            if (yield from self.test(e[5], inner, owner)):
                return (yield from self.eval(e[6], inner, owner))
            return (yield from self.eval(e[7], env, owner))
        if kind == 'call':
            parameters, body, is_option = self.functions[e[1]]
            values = []
            for a in e[3]:
                values.append([(yield from self.eval(a, env, owner))])
            inner = dict(zip(parameters, values))
            if is_option:
                return (yield from self.owned(body, inner))
            return (yield from self.eval(body, inner, None))
        if kind == 'or':
            v = yield from self.eval(e[1], env, owner)
            default = yield from self.eval(e[2], env, owner)
            return default if v is None else v[1]
        if kind == 'pipe':
            v = yield from self.eval(e[1], env, owner)
            return (yield (e[2][0], v))
        if kind == 'pipelambda':
            v = yield from self.eval(e[1], env, owner)
            return (yield from self.eval(e[2][2], {**env, e[2][1]: [v]}, None))
        if kind == 'applyoption':
            v = yield from self.eval(e[3], env, owner)
            return (yield from self.owned(e[2], {**env, e[1]: [v]}))
        if kind == 'apply':
            v = yield from self.eval(e[2], env, owner)
            return (yield from env[e[1]][0](v))
        if kind == 'field':
            return env[e[1]][0][e[2]]
        if kind == 'leave':
            if (yield from self.test(e[1], env, owner)):
                raise Early(owner)
            return (yield from self.eval(e[2], env, owner))
        if kind == 'perform':
            v = yield from self.eval(e[2], env, owner)
            return (yield (e[1], v))
        if kind == 'resume':
            v = yield from self.eval(e[1], env, owner)
            return (yield from env['resume'][0](v))
        if kind in ('list', 'items', 'push', 'map', 'filter'):
            return (yield from self.list(e, env, owner))
        if kind == 'fold':
            items = yield from self.list(e[1], env, owner)
            total = yield from self.eval(e[2], env, owner)
            for item in items:
                total = yield from self.eval(e[5], {**env, e[3]: [total], e[4]: [item]}, None)
            return total
        if kind == 'handle':
            clauses = {c[0]: (c[1], c[2]) for c in e[2]}
            return (yield from self.drive(self.eval(e[1], env, owner), None, clauses, env, owner))
        if kind == 'records':
            body = self.eval(e[3], env, owner)
            operation = self.function(e[2][1], e[2][2], env)
            return (yield from self.answer(body, e[1], operation))
        if kind == 'capture':
            told = []
            def note(value):
                told.append(value)
                return None
                yield
            value = yield from self.answer(self.eval(e[3], env, owner), 'T', note)
            return (yield from self.eval(e[4], {**env, e[1]: [value], e[2]: [told]}, owner))
        if kind == 'block':
            env = dict(env)
            for s in e[1]:
                yield from self.execute(s, env, owner)
            return (yield from self.eval(e[2], env, owner))
        raise AssertionError(kind)

    def drive(self, body, value, clauses, env, owner):
        """Sends value to the body, and runs it to its end or through a clause."""
        while True:
            try:
                effect, argument = body.send(value)
            except StopIteration as end:
                return end.value
            if effect in clauses:
                break
            value = yield (effect, argument)
        name, clause = clauses[effect]

        def resume(v):
            return (yield from self.drive(body, v, clauses, env, owner))
        return (yield from self.eval(clause, {**env, name: [argument], 'resume': [resume]}, owner))

    def answer(self, body, effect, operation):
        value = None
        while True:
            try:
                request = body.send(value)
            except StopIteration as end:
                return end.value
            value = (yield from operation(request[1])) if request[0] == effect else (yield request)

    def list(self, e, env, owner):
        if e[0] == 'items':
            items = []
            for item in e[1]:
                items.append((yield from self.eval(item, env, owner)))
            return items
        items = env[e[1]][0]
        if e[0] == 'list':
            return items
        if e[0] == 'push':
            return items + [(yield from self.eval(e[2], env, owner))]
        made = []
        for item in items:
            v = yield from self.eval(e[2][2], {**env, e[2][1]: [item]}, None)
            if e[0] == 'map':
                made.append(v)
            elif v > 9:
                made.append(item)
        return made

    def execute(self, s, env, owner):
        kind = s[0]
        if kind in ('let', 'letmut'):
            env[s[1]] = [(yield from self.eval(s[2], env, owner))]
        elif kind == 'letlambda':
            env[s[1]] = [self.function(s[2][1], s[2][2], dict(env))]
        elif kind == 'letlist':
            env[s[1]] = [(yield from self.list(s[2], env, owner))]
        elif kind == 'letrecord':
            f = yield from self.eval(s[2], env, owner)
            g = yield from self.eval(s[3], env, owner)
            env[s[1]] = [{'f': f, 'g': g}]
        elif kind == 'set':
            env[s[1]][0] = yield from self.eval(s[2], env, owner)
        elif kind == 'setfield':
            v = yield from self.eval(s[3], env, owner)
            env[s[1]][0] = {**env[s[1]][0], s[2]: v}
        elif kind == 'say':
            self.out.append('%s %d' % (s[1], (yield from self.eval(s[2], env, owner))))
        elif kind == 'tell':
            yield ('T', (yield from self.eval(s[1], env, owner)))
        elif kind == 'drop':
            yield from self.eval(s[1], env, owner)
        else:
            for item in (yield from self.list(s[2], env, owner)):
                inner = {**env, s[1]: [item]}
                for x in s[3]:
                    yield from self.execute(x, inner, owner)

    def main(self, body):
        walk, value = self.eval(body, {}, None), None
        try:
            while True:
                effect, argument = walk.send(value)
                if effect == 'B':
                    self.out.append('b %d' % argument)
                value = {'A': argument + 1, 'B': remainder(argument * 2), 'T': None}[effect]
        except StopIteration as end:
            self.out.append('= %d' % end.value)
        return '\n'.join(self.out) + '\n'


def make(seed, size):
    """A program, its output, and the message of the error that ends it or None."""
    for attempt in range(50):
        functions, main = Maker('%s %d' % (seed, attempt), size).program()
        try:
            return program_text(functions, main), Walker(functions).main(main), None
        except (TooLong, RecursionError):
            continue
    raise AssertionError('seed %s makes only long programs' % seed)


def judge(ran, output, error):
    """What is wrong with a finished run, or None."""
    got = ran.stdout.decode('utf-8', 'replace')
    said = ran.stderr.decode('utf-8', 'replace')
    for a, b in zip(output.split('\n'), got.split('\n')):
        if a != b:
            return 'expected %r, got %r\n%s' % (a, b, said[:800])
    if got != output or ran.returncode != (1 if error else 0) or 'leak' in said:
        return 'status %d, %d lines instead of %d\n%s' % (
            ran.returncode, got.count('\n'), output.count('\n'), said[:800])
    if error and error not in said:
        return 'expected %r, got %s' % (error, said[:800])
    return None


def run(command, path, output, error):
    words = [word.replace('{}', path) for word in shlex.split(command)]
    try:
        return judge(subprocess.run(words, capture_output=True, timeout=60), output, error)
    except subprocess.TimeoutExpired:
        return 'no end'


def main(make_program):
    parser = argparse.ArgumentParser()
    parser.add_argument('--run', action='append', required=True)
    parser.add_argument('--count', type=int, default=100)
    parser.add_argument('--seed', type=int, default=1)
    parser.add_argument('--size', type=int, default=60)
    parser.add_argument('--keep')
    options = parser.parse_args()
    folder = options.keep or tempfile.mkdtemp()
    failed = 0
    for seed in range(options.seed, options.seed + options.count):
        program, output, error = make_program(seed, options.size)
        path = os.path.join(folder, 'e%d.bl' % seed)
        with open(path, 'w') as file:
            file.write(program)
        findings = [(c, run(c, path, output, error)) for c in options.run]
        findings = [(command, finding) for command, finding in findings if finding]
        for command, finding in findings:
            print('seed %d: %s: %s' % (seed, command, finding))
        failed += bool(findings)
        if not findings or not options.keep:
            os.remove(path)
    print('%d passed, %d failed' % (options.count - failed, failed))
    return failed > 0


if __name__ == '__main__':
    sys.exit(main(make))

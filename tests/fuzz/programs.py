#!/usr/bin/env python3
"""Generated Baseline programs against their expected output.

    programs.py --run 'build/bl-uring {}' [--count N] [--seed S] [--keep DIR] [--size LINES]

Each program is well typed and comes with the output that the language prescribes, computed here by
a second, naive implementation: every generated expression carries a Python function that gives its
value. Several commands (--run may be repeated) must agree with it and so with one another: with and
without the optimiser, for instance. Prints the seed of each failure, and `N passed, N failed`.
"""
import argparse, os, random, shlex, subprocess, sys, tempfile

INT_MIN, INT_MAX = -(1 << 63), (1 << 63) - 1


class Fault(Exception):
    """The value is a run-time error: the generator tries something else."""


class Early(Exception):
    """`?` left the function with this value."""

    def __init__(self, value):
        self.value = value


def fit(n):
    if not INT_MIN <= n <= INT_MAX:
        raise Fault('overflow')
    return n


def divide(a, b):
    if b == 0:
        raise Fault('zero')
    q = abs(a) // abs(b)
    return fit(q if (a < 0) == (b < 0) else -q)


def modulo(a, b):
    if b == 0 or (b == -1 and a == INT_MIN):
        raise Fault('zero')
    r = abs(a) % abs(b)
    return -r if a < 0 else r


# Types: 'Int', 'Bool', 'String', ('List', t), ('Option', t), ('Tuple', a, b), 'Point', 'Shape',
# 'Tree'.
# Values: int, bool, str, list, ('Some', v) / ('None',), tuple tagged ('T', a, b),
# {'x':…, 'y':…} for Point, ('Dot',), ('Circle', n), ('Rect', a, b), ('Leaf',),
# ('Node', tree, n, list, tree).
SCALARS = ['Int', 'Bool', 'String']


def text_of(v):
    if v is True or v is False:
        return 'true' if v else 'false'
    if isinstance(v, int):
        return str(v)
    if isinstance(v, str):
        return v
    if isinstance(v, list):
        return '[' + ', '.join(map(text_of, v)) + ']'
    if isinstance(v, dict):
        return 'Point { x: %s, y: %s }' % (text_of(v['x']), text_of(v['y']))
    if v[0] == 'T':
        return '(' + ', '.join(map(text_of, v[1:])) + ')'
    return v[0] if len(v) == 1 else '%s(%s)' % (v[0], ', '.join(map(text_of, v[1:])))


def type_text(t):
    if isinstance(t, str):
        return t
    if t[0] == 'Tuple':
        return '(%s, %s)' % (type_text(t[1]), type_text(t[2]))
    return '%s<%s>' % (t[0], type_text(t[1]))


TREE_PARTS = ['Tree', 'Int', ('List', 'Int'), 'Tree']


class Generator:
    def __init__(self, seed):
        self.random = random.Random(seed)
        self.functions = []  # (name, parameter types, result type, evaluate)
        self.counter = 0
        self.steps = 0

    def name(self, prefix):
        self.counter += 1
        return '%s%d' % (prefix, self.counter)

    def type(self, depth=2):
        r = self.random
        k = r.random()
        if depth == 0 or k < 0.5:
            return r.choice(SCALARS)
        if k < 0.68:
            return ('List', self.type(depth - 1))
        if k < 0.8:
            return ('Option', self.type(depth - 1))
        if k < 0.9:
            return ('Tuple', self.type(depth - 1), self.type(depth - 1))
        return r.choice(['Point', 'Shape', 'Tree'])

    # ---- expressions: (text, evaluate(env)); text is a primary or in parentheses

    def literal(self, t):
        r = self.random
        if t == 'Int':
            n = r.choice([r.randint(-3, 9), r.randint(-100, 100), r.randint(-2**40, 2**40),
                          r.choice([INT_MAX, INT_MIN + 1, 2**31, 2**53 + 1])])
            return (str(n) if n >= 0 else '(0 - %d)' % -n), lambda env: n
        if t == 'Bool':
            b = r.random() < 0.5
            return ('true' if b else 'false'), lambda env: b
        if t == 'String':
            s = ''.join(r.choice('abcxyz 0äλ') for _ in range(r.randint(0, 6)))
            return '"%s"' % s, lambda env: s
        if t == 'Point':
            return self.construct(t, {}, 0)
        if t == 'Shape':
            return 'Dot', lambda env: ('Dot',)
        if t == 'Tree':
            return 'Leaf', lambda env: ('Leaf',)
        if t[0] == 'List':
            return '[]', lambda env: []
        if t[0] == 'Option':
            return 'None', lambda env: ('None',)
        return self.construct(t, {}, 0)

    def construct(self, t, scope, d):
        r = self.random
        if t == 'Point':
            (a, ea), (b, eb) = self.expr('Int', scope, d - 1), self.expr('Int', scope, d - 1)
            return ('Point { x: %s, y: %s }' % (a, b)), lambda env: {'x': ea(env), 'y': eb(env)}
        if t == 'Shape':
            k = r.randint(0, 2)
            if k == 0:
                return 'Dot', lambda env: ('Dot',)
            a, ea = self.expr('Int', scope, d - 1)
            if k == 1:
                return 'Circle(%s)' % a, lambda env: ('Circle', ea(env))
            b, eb = self.expr('Int', scope, d - 1)
            return 'Rect(%s, %s)' % (a, b), lambda env: ('Rect', ea(env), eb(env))
        if t == 'Tree':
            parts = [self.expr(p, scope, min(d - 1, 2)) for p in TREE_PARTS]
            return ('Node(%s)' % ', '.join(p[0] for p in parts),
                    lambda env: ('Node',) + tuple(p[1](env) for p in parts))
        if t[0] == 'List':
            items = [self.expr(t[1], scope, d - 1) for _ in range(r.randint(0, 4))]
            return '[%s]' % ', '.join(i[0] for i in items), lambda env: [i[1](env) for i in items]
        if t[0] == 'Option':
            a, ea = self.expr(t[1], scope, d - 1)
            return 'Some(%s)' % a, lambda env: ('Some', ea(env))
        if t[0] == 'Tuple':
            (a, ea), (b, eb) = self.expr(t[1], scope, d - 1), self.expr(t[2], scope, d - 1)
            return '(%s, %s)' % (a, b), lambda env: ('T', ea(env), eb(env))
        return self.literal(t)

    def expr(self, t, scope, d):
        """scope: name -> type of the readable variables."""
        r = self.random
        usable = [n for n, ty in scope.items() if ty == t]
        if usable and r.random() < (0.6 if d <= 0 else 0.3):
            n = r.choice(usable)
            return n, lambda env: env[n]
        if d <= 0:
            return self.literal(t)
        makers = [self.construct, self.conditional, self.block, self.call, self.matching,
                  self.list_get, self.parenthesised_pipe, self.early]
        if t == 'Int':
            makers += [self.arithmetic] * 4 + [self.fold, self.length, self.point_field, self.loop]
        elif t == 'Bool':
            makers += [self.comparison] * 4 + [self.logic] * 2
        elif t == 'String':
            makers += [self.concat, self.interpolation, self.interpolation, self.slice]
        elif t == 'Point':
            makers += [self.update] * 2
        elif t[0] == 'List':
            makers += [self.map, self.filter, self.append, self.append, self.sort_or_reverse]
            if t[1] == 'Int':
                makers += [self.range]
        elif t[0] == 'Option':
            makers += [self.option_map]
        return r.choice(makers)(t, scope, d)

    def arithmetic(self, t, scope, d):
        op = self.random.choice(['+', '-', '*', '/', '%', '-'])
        (a, ea), (b, eb) = self.expr('Int', scope, d - 1), self.expr('Int', scope, d - 1)
        table = {'+': lambda x, y: fit(x + y), '-': lambda x, y: fit(x - y),
                 '*': lambda x, y: fit(x * y), '/': divide, '%': modulo}
        return '(%s %s %s)' % (a, op, b), lambda env: table[op](ea(env), eb(env))

    def comparison(self, t, scope, d):
        r = self.random
        kind = r.choice(['Int', 'Int', 'String', 'Bool'])
        op = r.choice(['==', '!=', '<', '<=', '>', '>='])
        if op in ('==', '!=') and r.random() < 0.4:
            kind = self.type()
        (a, ea), (b, eb) = self.expr(kind, scope, d - 1), self.expr(kind, scope, d - 1)

        def evaluate(env):
            x, y = ea(env), eb(env)
            if op in ('==', '!='):
                return (x == y) == (op == '==')
            if isinstance(x, str):
                x, y = x.encode(), y.encode()
            return {'<': x < y, '<=': x <= y, '>': x > y, '>=': x >= y}[op]
        return '(%s %s %s)' % (a, op, b), evaluate

    def logic(self, t, scope, d):
        a, ea = self.expr('Bool', scope, d - 1)
        k = self.random.randint(0, 2)
        if k == 0:
            return '(not %s)' % a, lambda env: not ea(env)
        b, eb = self.expr('Bool', scope, d - 1)
        if k == 1:
            return '(%s && %s)' % (a, b), lambda env: ea(env) and eb(env)
        return '(%s || %s)' % (a, b), lambda env: ea(env) or eb(env)

    def conditional(self, t, scope, d):
        (c, ec) = self.expr('Bool', scope, d - 1)
        (a, ea), (b, eb) = self.expr(t, scope, d - 1), self.expr(t, scope, d - 1)
        return ('(if %s then %s else %s)' % (c, a, b),
                lambda env: ea(env) if ec(env) else eb(env))

    def block(self, t, scope, d):
        r = self.random
        inner, lines, steps = dict(scope), [], []
        for _ in range(r.randint(1, 3)):
            ty = self.type()
            a, ea = self.expr(ty, inner, d - 1)
            n = r.choice([self.name('v'), self.name('v')] + [x for x in inner if x[0] == 'v'][:1])
            if r.random() < 0.3:
                n = self.name('m')
                lines.append('let mut %s = %s' % (n, a))
                steps.append((n, ea))
                inner[n] = ty
                b, eb = self.expr(ty, inner, d - 1)
                lines.append('%s = %s' % (n, b))
                steps.append((n, eb))
            else:
                lines.append('let %s%s = %s' % (n, ': ' + type_text(ty), a))
                steps.append((n, ea))
                inner[n] = ty
        a, ea = self.expr(t, inner, d - 1)

        def evaluate(env):
            env = dict(env)
            for n, step in steps:
                env[n] = step(env)
            return ea(env)
        return '{ %s; %s }' % ('; '.join(lines), a), evaluate

    def loop(self, t, scope, d):
        xs, exs = self.expr(('List', 'Int'), scope, d - 1)
        n, v = self.name('m'), self.name('e')
        start, estart = self.expr('Int', scope, 0)
        inner = dict(scope)
        inner[n] = inner[v] = 'Int'
        body, ebody = self.expr('Int', inner, d - 1)

        def evaluate(env):
            env = dict(env)
            env[n] = estart(env)
            for item in exs(env):
                env[v] = item
                env[n] = ebody(env)
            return env[n]
        return '{ let mut %s = %s; for %s in %s do { %s = %s }; %s }' % (
            n, start, v, xs, n, body, n), evaluate

    def call(self, t, scope, d):
        fitting = [f for f in self.functions if f[2] == t]
        if not fitting:
            return self.construct(t, scope, d)
        name, parameters, _, evaluate = self.random.choice(fitting)
        arguments = [self.expr(p, scope, d - 1) for p in parameters]
        return ('%s(%s)' % (name, ', '.join(a[0] for a in arguments)),
                lambda env: evaluate([a[1](env) for a in arguments]))

    def lambda_(self, parameter, result, scope, d):
        n = self.name('p')
        inner = dict(scope)
        inner[n] = parameter
        b, eb = self.expr(result, inner, d - 1)
        return '|%s| %s' % (n, b), lambda env, x: eb({**env, n: x})

    def map(self, t, scope, d):
        source = self.type(1)
        xs, exs = self.expr(('List', source), scope, d - 1)
        f, ef = self.lambda_(source, t[1], scope, d)
        return 'List.map(%s, %s)' % (xs, f), lambda env: [ef(env, x) for x in exs(env)]

    def filter(self, t, scope, d):
        xs, exs = self.expr(t, scope, d - 1)
        f, ef = self.lambda_(t[1], 'Bool', scope, d)
        return 'List.filter(%s, %s)' % (xs, f), lambda env: [x for x in exs(env) if ef(env, x)]

    def fold(self, t, scope, d):
        element = self.type(1)
        xs, exs = self.expr(('List', element), scope, d - 1)
        z, ez = self.expr('Int', scope, d - 1)
        a, e = self.name('p'), self.name('p')
        inner = dict(scope)
        inner[a], inner[e] = 'Int', element
        b, eb = self.expr('Int', inner, d - 1)

        def evaluate(env):
            total = None
            items = exs(env)
            total = ez(env)
            for x in items:
                total = eb({**env, a: total, e: x})
            return total
        return 'List.fold(%s, %s, |%s, %s| %s)' % (xs, z, a, e, b), evaluate

    def append(self, t, scope, d):
        xs, exs = self.expr(t, scope, d - 1)
        if self.random.random() < 0.5:
            a, ea = self.expr(t[1], scope, d - 1)
            if self.random.random() < 0.5:
                return 'List.push(%s, %s)' % (xs, a), lambda env: exs(env) + [ea(env)]
            return '(%s ++ [%s])' % (xs, a), lambda env: exs(env) + [ea(env)]
        ys, eys = self.expr(t, scope, d - 1)
        return '(%s ++ %s)' % (xs, ys), lambda env: exs(env) + eys(env)

    def sort_or_reverse(self, t, scope, d):
        xs, exs = self.expr(t, scope, d - 1)
        k = self.random.randint(0, 2)
        if k == 0 and t[1] == 'Int':
            return 'List.sort(%s)' % xs, lambda env: sorted(exs(env))
        if k == 1:
            return 'List.tail(%s)' % xs, lambda env: exs(env)[1:]
        return 'List.reverse(%s)' % xs, lambda env: exs(env)[::-1]

    def range(self, t, scope, d):
        a = self.random.randint(-5, 5)
        b = a + self.random.randint(-2, 8)
        show = lambda n: str(n) if n >= 0 else '(0 - %d)' % -n
        return '(%s..%s)' % (show(a), show(b)), lambda env: list(range(a, b))

    def length(self, t, scope, d):
        if self.random.random() < 0.5:
            s, es = self.expr('String', scope, d - 1)
            return 'String.length(%s)' % s, lambda env: len(es(env))
        xs, exs = self.expr(('List', self.type(1)), scope, d - 1)
        return 'List.length(%s)' % xs, lambda env: len(exs(env))

    def list_get(self, t, scope, d):
        xs, exs = self.expr(('List', t), scope, d - 1)
        i = self.random.randint(0, 3)
        a, ea = self.expr(t, scope, d - 1)

        def evaluate(env):
            items, default = exs(env), ea(env)
            return items[i] if i < len(items) else default
        return 'Option.unwrap_or(List.get(%s, %d), %s)' % (xs, i, a), evaluate

    def option_map(self, t, scope, d):
        source = self.type(1)
        o, eo = self.expr(('Option', source), scope, d - 1)
        f, ef = self.lambda_(source, t[1], scope, d)

        def evaluate(env):
            v = eo(env)
            return v if v[0] == 'None' else ('Some', ef(env, v[1]))
        return 'Option.map(%s, %s)' % (o, f), evaluate

    def point_field(self, t, scope, d):
        usable = [n for n, ty in scope.items() if ty == 'Point']
        if not usable:
            return self.arithmetic(t, scope, d)
        n, f = self.random.choice(usable), self.random.choice('xy')
        return '%s.%s' % (n, f), lambda env: env[n][f]

    def update(self, t, scope, d):
        p, ep = self.expr('Point', scope, d - 1)
        f = self.random.choice('xy')
        a, ea = self.expr('Int', scope, d - 1)

        def evaluate(env):
            value = dict(ep(env))
            value[f] = ea(env)
            return value
        return '{ ..%s, %s: %s }' % (p, f, a), evaluate

    def concat(self, t, scope, d):
        (a, ea), (b, eb) = self.expr('String', scope, d - 1), self.expr('String', scope, d - 1)
        return '(%s ++ %s)' % (a, b), lambda env: ea(env) + eb(env)

    def interpolation(self, t, scope, d):
        a, ea = self.expr(self.type(), scope, d - 1)
        return '"<${%s}>"' % a, lambda env: '<' + text_of(ea(env)) + '>'

    def slice(self, t, scope, d):
        s, es = self.expr('String', scope, d - 1)
        a, n = self.random.randint(0, 3), self.random.randint(0, 4)
        return 'String.slice(%s, %d, %d)' % (s, a, n), lambda env: es(env)[a:a + n]

    def parenthesised_pipe(self, t, scope, d):
        fitting = [f for f in self.functions if f[2] == t and len(f[1]) >= 1]
        if not fitting:
            return self.conditional(t, scope, d)
        name, parameters, _, evaluate = self.random.choice(fitting)
        arguments = [self.expr(p, scope, d - 1) for p in parameters]
        rest = '(%s)' % ', '.join(a[0] for a in arguments[1:]) if len(parameters) > 1 else ''
        return ('(%s |> %s%s)' % (arguments[0][0], name, rest),
                lambda env: evaluate([a[1](env) for a in arguments]))

    def early(self, t, scope, d):
        """A lambda that may leave early by `?`, called at once."""
        o, eo = self.expr(('Option', t), scope, d - 1)
        n = self.name('p')
        inner = dict(scope)
        inner[n] = t
        b, eb = self.expr(t, inner, d - 1)
        z, ez = self.expr(t, scope, d - 1)

        def evaluate(env):
            v = eo(env)
            if v[0] == 'None':
                return ez(env)
            inner_value = eb({**env, n: v[1]})
            return inner_value
        f = self.name('v')
        text = ('{ let %s = || { let %s = %s?; Some(%s) }; let %s_r = %s(); '
                'match %s_r None -> %s Some(w) -> w }') % (
            f, n, o, b, f, f, f, z)
        return text, evaluate

    def matching(self, t, scope, d):
        r = self.random
        k = r.randint(0, 6)
        if k > 3:
            return [self.match_tree, self.match_pair, self.match_many][k - 4](t, scope, d)
        if k == 0:
            s, es = self.expr('Shape', scope, d - 1)
            (a, ea) = self.expr(t, scope, d - 1)
            n, m, q = self.name('p'), self.name('p'), self.name('p')
            (b, eb) = self.expr(t, {**scope, n: 'Int'}, d - 1)
            (c, ec) = self.expr(t, {**scope, m: 'Int', q: 'Int'}, d - 1)
            g, eg = self.expr('Bool', {**scope, n: 'Int'}, 1)
            (e, ee) = self.expr(t, scope, d - 1)

            def evaluate(env):
                v = es(env)
                if v[0] == 'Dot':
                    return ea(env)
                if v[0] == 'Circle':
                    return eb({**env, n: v[1]}) if eg({**env, n: v[1]}) else ee(env)
                return ec({**env, m: v[1], q: v[2]})
            return ('(match %s Dot -> %s Circle(%s) if %s -> %s Rect(%s, %s) -> %s '
                    'Circle(_) -> %s)') % (
                s, a, n, g, b, m, q, c, e), evaluate
        if k == 1:
            xs, exs = self.expr(('List', 'Int'), scope, d - 1)
            h, tail = self.name('p'), self.name('p')
            a, ea = self.expr(t, scope, d - 1)
            b, eb = self.expr(t, {**scope, h: 'Int'}, d - 1)
            c, ec = self.expr(t, {**scope, h: 'Int', tail: ('List', 'Int')}, d - 1)

            def evaluate(env):
                v = exs(env)
                if not v:
                    return ea(env)
                if len(v) == 1:
                    return eb({**env, h: v[0]})
                return ec({**env, h: v[0], tail: v[1:]})
            text = '(match %s [] -> %s [%s] -> %s [%s, ..%s] -> %s)'
            return text % (xs, a, h, b, h, tail, c), evaluate
        if k == 2:
            n, en = self.expr('Int', scope, d - 1)
            cases = r.sample(range(0, 6), 3)
            arms = [self.expr(t, scope, d - 1) for _ in range(3)]

            def evaluate(env):
                v = en(env)
                if v == cases[0] or v == cases[1]:
                    return arms[0][1](env)
                return arms[1][1](env) if v == cases[2] else arms[2][1](env)
            return '(match %s %d | %d -> %s %d -> %s _ -> %s)' % (
                n, cases[0], cases[1], arms[0][0], cases[2], arms[1][0], arms[2][0]), evaluate
        x, y = self.type(1), self.type(1)
        p, ep = self.expr(('Tuple', x, y), scope, d - 1)
        a, b = self.name('p'), self.name('p')
        c, ec = self.expr(t, {**scope, a: x, b: y}, d - 1)

        def evaluate(env):
            v = ep(env)
            return ec({**env, a: v[1], b: v[2]})
        # On a line of its own: after an operand a `(` on the same line is a call.
        return '(match %s\n(%s, %s) -> %s)' % (p, a, b, c), evaluate

    def match_tree(self, t, scope, d):
        s, es = self.expr('Tree', scope, d - 1)
        names = [self.name('p') for _ in TREE_PARTS]
        inner = dict(scope, **dict(zip(names, TREE_PARTS)))
        a, ea = self.expr(t, scope, d - 1)
        b, eb = self.expr(t, inner, d - 1)
        c, ec = self.expr(t, inner, d - 1)

        def evaluate(env):
            v = es(env)
            if v[0] == 'Leaf':
                return ea(env)
            env = {**env, **dict(zip(names, v[1:]))}
            return eb(env) if v[1][0] == 'Leaf' else ec(env)
        left, *others = names
        text = '(match %s Leaf -> %s Node(Leaf, %s) -> { let %s: Tree = Leaf; %s } Node(%s) -> %s)'
        return text % (s, a, ', '.join(others), left, b, ', '.join(names), c), evaluate

    def match_pair(self, t, scope, d):
        """A tuple that is only made to be taken apart."""
        x = self.type(1)
        o, eo = self.expr(('Option', x), scope, d - 1)
        q, eq = self.expr('Shape', scope, d - 1)
        a, b = self.name('p'), self.name('p')
        arms = [self.expr(t, {**scope, a: x, b: 'Int'}, d - 1),
                self.expr(t, {**scope, a: x}, d - 1),
                self.expr(t, {**scope, b: 'Int'}, d - 1), self.expr(t, scope, d - 1)]

        def evaluate(env):
            v, w = eo(env), eq(env)
            env = dict(env)
            if v[0] == 'Some':
                env[a] = v[1]
            if w[0] == 'Circle':
                env[b] = w[1]
            arm = (0 if w[0] == 'Circle' else 1) if v[0] == 'Some' else (
                2 if w[0] == 'Circle' else 3)
            return arms[arm][1](env)
        text = ('(match (%s, %s)\n(Some(%s), Circle(%s)) -> %s\n(Some(%s), _) -> %s\n'
                '(None, Circle(%s)) -> %s\n_ -> %s)')
        return text % (o, q, a, b, arms[0][0], a, arms[1][0], b, arms[2][0], arms[3][0]), evaluate

    def match_many(self, t, scope, d):
        """Enough literals for a jump table, close together or not, or texts."""
        r = self.random
        kind = r.choice(['Int', 'String'])
        n, en = self.expr(kind, scope, d - 1)
        count = r.randint(4, 9)
        if kind == 'String':
            cases = r.sample(['', 'a', 'b', 'c', 'ab', '<0>', '<1>', 'true', 'ä', 'abc'], count)
        else:
            cases = r.sample(range(0, r.choice([10, 40, 2**40])), count)
        name = self.name('p')
        arms = [self.expr(t, scope, 0) for _ in cases]
        other, eother = self.expr(t, {**scope, name: kind}, d - 1)

        def evaluate(env):
            v = en(env)
            if v in cases:
                return arms[cases.index(v)][1](env)
            return eother({**env, name: v})
        lines = ['%s -> %s' % ('"%s"' % c if kind == 'String' else c, arm[0])
                 for c, arm in zip(cases, arms)]
        return '(match %s\n%s\n%s -> %s)' % (n, '\n'.join(lines), name, other), evaluate

    # ---- programs

    def counted(self, evaluate):
        def run(arguments):
            self.steps += 1
            if self.steps > 20000:
                raise Fault('long')
            return evaluate(arguments)
        return run

    def recursive(self):
        """A function that goes down a tree or a list: by calls and by tail calls, building or only
        looking; sometimes two that call one another."""
        r = self.random
        kind = r.choice(['Tree', 'Tree', ('List', 'Int')])
        result, given = self.type(), self.type()
        names = [self.name('f') for _ in range(r.randint(1, 2))]
        texts, bodies = [], []
        for i, name in enumerate(names):
            following = (i + 1) % len(names)
            text, body = self.recursion(name, names[following], kind, given, result,
                                        lambda arguments, at=following: runs[at](arguments))
            texts.append(text)
            bodies.append(body)
        runs = [self.counted(body) for body in bodies]
        for name, run in zip(names, runs):
            self.functions.append((name, [kind, given], result, run))
        return '\n'.join(texts)

    def recursion(self, name, callee, kind, given, result, again):
        r = self.random
        data, extra = self.name('a'), self.name('a')
        scope = {data: kind, extra: given}
        base, ebase = self.expr(result, scope, 2)
        if kind == 'Tree':
            parts = [self.name('p') for _ in TREE_PARTS]
            inner = dict(scope, **dict(zip(parts, TREE_PARTS)))
            pattern, empty = 'Node(%s)' % ', '.join(parts), 'Leaf'
            smaller = [parts[0], parts[3]]
        else:
            parts = [self.name('p'), self.name('p')]
            inner = dict(scope, **dict(zip(parts, ['Int', kind])))
            pattern, empty = '[%s, ..%s]' % tuple(parts), '[]'
            smaller = [parts[1]]
        first, second = r.choice(smaller), r.choice(smaller)
        (x, ex), (y, ey) = self.expr(given, inner, 2), self.expr(given, inner, 1)
        c, ec = self.expr('Bool', inner, 2)
        at_tail = r.random() < 0.5
        v = self.name('v')
        rest, erest = self.expr(result, {**inner, v: result}, 2)
        one, two = '%s(%s, %s)' % (callee, first, x), '%s(%s, %s)' % (callee, second, y)
        if at_tail:
            step = 'if %s then %s else %s' % (c, one, two)
        else:
            step = '{ let %s: %s = %s; if %s then %s else %s }' % (
                v, type_text(result), one, c, rest, two)

        def evaluate(arguments):
            env = {data: arguments[0], extra: arguments[1]}
            value = arguments[0]
            if kind == 'Tree' and value[0] == 'Leaf' or kind != 'Tree' and not value:
                return ebase(env)
            env.update(zip(parts, value[1:] if kind == 'Tree' else [value[0], value[1:]]))
            if at_tail:
                if ec(env):
                    return again([env[first], ex(env)])
                return again([env[second], ey(env)])
            env[v] = again([env[first], ex(env)])
            return erest(env) if ec(env) else again([env[second], ey(env)])
        text = 'fn %s(%s: %s, %s: %s) -> %s = match %s\n  %s -> %s\n  %s -> %s' % (
            name, data, type_text(kind), extra, type_text(given), type_text(result), data,
            empty, base, pattern, step)
        return text, evaluate

    def function(self):
        if self.random.random() < 0.4:
            return self.recursive()
        name = self.name('f')
        parameters = [self.type() for _ in range(self.random.randint(0, 3))]
        result = self.type()
        names = [self.name('a') for _ in parameters]
        body, evaluate = self.expr(result, dict(zip(names, parameters)), 3)
        text = 'fn %s(%s) -> %s = %s' % (
            name, ', '.join('%s: %s' % (n, type_text(p)) for n, p in zip(names, parameters)),
            type_text(result), body)

        run = self.counted(lambda arguments: evaluate(dict(zip(names, arguments))))
        self.functions.append((name, parameters, result, run))
        return text

    def program(self, size):
        lines = ['@prelude(script)', 'type Point = { x: Int, y: Int }',
                 'type Shape = | Dot | Circle(Int) | Rect(Int, Int)',
                 'type Tree = | Leaf | Node(Tree, Int, List<Int>, Tree)']
        for _ in range(self.random.randint(1, 6)):
            lines.append(self.function())
        body, expected = [], []
        while len(expected) < size:
            t = self.type()
            text, evaluate = self.expr(t, {}, self.random.randint(1, 4))
            self.steps = 0
            try:
                value = text_of(evaluate({}))
            except (Fault, RecursionError):
                continue
            if len(value) > 2000 or len(text) > 6000:
                continue
            body.append('  Console.println!("${%s}")' % text)
            expected.append(value)
        lines.append('fn main!() -> {Console} () = {')
        lines += body + ['  ()', '}']
        return '\n'.join(lines) + '\n', '\n'.join(expected) + '\n'


def main(generator=Generator):
    parser = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    parser.add_argument('--run', action='append', required=True)
    parser.add_argument('--count', type=int, default=50)
    parser.add_argument('--seed', type=int, default=None)
    parser.add_argument('--size', type=int, default=25)
    parser.add_argument('--keep', help='write failing programs here')
    options = parser.parse_args()
    first = options.seed if options.seed is not None else random.randrange(1 << 30)
    passed = failed = 0
    for seed in range(first, first + options.count):
        source, expected = generator(seed).program(options.size)
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, 'program.bl')
            with open(path, 'w', encoding='utf-8') as file:
                file.write(source)
            for command in options.run:
                words = [w.replace('{}', path) for w in shlex.split(command)]
                try:
                    done = subprocess.run(words, capture_output=True, timeout=60,
                                          stdin=subprocess.DEVNULL)
                    got = done.stdout.decode('utf-8', 'replace')
                    error, status = done.stderr, done.returncode
                except subprocess.TimeoutExpired:
                    got, error, status = '', b'timeout', -1
                if got == expected and status == 0:
                    passed += 1
                    continue
                failed += 1
                print('seed %d: %s: status %s' % (seed, command, status))
                print('   ' + error.decode('utf-8', 'replace')[:400].replace('\n', '\n   '))
                want, have = expected.split('\n'), got.split('\n')
                for i, line in enumerate(want):
                    if i >= len(have) or have[i] != line:
                        print('   line %d: expected %r, got %r' % (
                            i + 1, line[:200], have[i][:200] if i < len(have) else None))
                        break
                if options.keep:
                    os.makedirs(options.keep, exist_ok=True)
                    base = os.path.join(options.keep, 'seed%d' % seed)
                    open(base + '.bl', 'w', encoding='utf-8').write(source)
                    open(base + '.out', 'w', encoding='utf-8').write(expected)
    print('%d passed, %d failed' % (passed, failed))
    sys.exit(1 if failed else 0)


if __name__ == '__main__':
    sys.setrecursionlimit(5000)
    main()

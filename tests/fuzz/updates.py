#!/usr/bin/env python3
"""Generated Baseline programs about values that change owner: aliases, updates, closures.

    updates.py --run 'build/bl-uring {}' [--run …] [--count N] [--seed S] [--keep DIR] [--size N]

The companion of programs.py (expressions) and effects.py (control). An implementation updates
lists, maps, sets, records and strings in place where nobody else can see them: these programs keep
aliases in variables, containers and closures and print them after every few changes. Statements
carry a Python function that runs them on an environment; values there are never changed, only
replaced.
"""
import random

import programs

ITEMS_MAX = 40  # Longer lists and texts are not grown any further.


class TooLong(Exception):
    """The program would run for long: another one is made."""


# Types: 'Int', 'String', ('List', t), ('Map', t), ('Set',), ('Tuple', a, b), ('Option', t), and the
# records of RECORDS. Keys of maps are Strings; sets hold Ints.
# Values: int, str, tuple for lists, dicts for maps and records, ('S', {…}) for sets (keys in
# order), ('T', a, b), ('Some', v) and ('None',).
INTS = ('List', 'Int')
RECORDS = {
    'Bag': {'n': 'Int', 'name': 'String', 'xs': INTS},
    'Box': {'bag': 'Bag', 'm': ('Map', INTS), 'o': ('Option', INTS)},
}
TYPES = ['Int', 'String', INTS, INTS, ('List', INTS), ('Map', 'Int'), ('Map', INTS), ('Set',),
         ('Tuple', 'Int', INTS), ('Tuple', INTS, ('Map', 'Int')), ('Option', INTS), 'Bag', 'Bag',
         'Box']


def type_text(t):
    if isinstance(t, str):
        return t
    if t[0] == 'Tuple':
        return '(%s, %s)' % (type_text(t[1]), type_text(t[2]))
    return {'List': 'List<%s>', 'Map': 'Map<String, %s>', 'Option': 'Option<%s>'}[t[0]] % type_text(
        t[1]) if t[0] != 'Set' else 'Set<Int>'


def show(t, v):
    if t == 'Int':
        return str(v)
    if t == 'String':
        return v
    if isinstance(t, str):
        return '%s { %s }' % (t, ', '.join('%s: %s' % (f, show(RECORDS[t][f], v[f]))
                                           for f in sorted(RECORDS[t])))
    if t[0] == 'List':
        return '[%s]' % ', '.join(show(t[1], x) for x in v)
    if t[0] == 'Map':
        return '#{%s}' % ', '.join(sorted('%s: %s' % (k, show(t[1], x)) for k, x in v.items()))
    if t[0] == 'Set':
        return 'Set(%s)' % ', '.join(map(str, v[1]))
    if t[0] == 'Tuple':
        return '(%s, %s)' % (show(t[1], v[1]), show(t[2], v[2]))
    return 'None' if v[0] == 'None' else 'Some(%s)' % show(t[1], v[1])


class Env:
    """Variables of a block; those of the blocks around it are found through `outer`."""

    def __init__(self, outer=None):
        self.outer, self.slots = outer, {}

    def home(self, name):
        env = self
        while name not in env.slots:
            env = env.outer
        return env.slots

    def get(self, name):
        return self.home(name)[name]

    def set(self, name, value):
        self.home(name)[name] = value


class Scope:
    """What the generator knows of a block: types of variables, which of them may be assigned."""

    def __init__(self, outer=None):
        self.outer, self.types, self.mutable, self.lambdas = outer, {}, set(), []

    def all(self):
        found = dict(self.outer.all()) if self.outer else {}
        found.update({n: (t, n in self.mutable) for n, t in self.types.items()})
        return found

    def all_lambdas(self):
        return (self.outer.all_lambdas() if self.outer else []) + self.lambdas


def put(m, k, v):
    return {**m, k: v}


class Generator:
    def __init__(self, seed):
        self.random = random.Random(seed)
        self.names, self.steps, self.out, self.functions = 0, 0, [], []

    def name(self, prefix):
        self.names += 1
        return '%s%d' % (prefix, self.names)

    def tick(self):
        self.steps += 1
        if self.steps > 4000:
            raise TooLong()

    # ---- expressions: (text, function of the environment) ----

    def variables(self, scope, t):
        return [n for n, (ty, _) in scope.all().items() if ty == t]

    def expr(self, t, scope, d):
        self_ = self.random
        known = self.variables(scope, t)
        if known and self_.random() < (0.5 if d > 0 else 0.9):
            n = self_.choice(known)
            return n, lambda env: env.get(n)
        if d <= 0:
            return self.literal(t, scope, 0)
        ways = [self.literal, self.literal, self.branch, self.field, self.block]
        if any(f[2] == t for f in self.functions):
            ways += [self.call, self.call]
        if not isinstance(t, str) or t == 'String' or t in RECORDS:
            ways += [self.change] * 5
        return self_.choice(ways)(t, scope, d)

    def literal(self, t, scope, d):
        r = self.random
        if t == 'Int':
            if d > 0 and r.random() < 0.7:
                return self.arithmetic(scope, d)
            n = r.randint(0, 9)
            return str(n), lambda env: n
        if t == 'String':
            s = r.choice(['a', 'b', 'key', 'long text that is on the heap', ''])
            return '"%s"' % s, lambda env: s
        if t in RECORDS:
            fields = [(f, self.expr(ft, scope, d - 1)) for f, ft in RECORDS[t].items()]
            r.shuffle(fields)
            return ('%s { %s }' % (t, ', '.join('%s: %s' % (f, e[0]) for f, e in fields)),
                    lambda env: {f: e[1](env) for f, e in fields})
        if t[0] == 'Tuple':
            a, b = self.expr(t[1], scope, d - 1), self.expr(t[2], scope, d - 1)
            return '(%s, %s)' % (a[0], b[0]), lambda env: ('T', a[1](env), b[1](env))
        if t[0] == 'Option':
            if r.random() < 0.2:
                return 'None', lambda env: ('None',)
            a = self.expr(t[1], scope, d - 1)
            return 'Some(%s)' % a[0], lambda env: ('Some', a[1](env))
        items = [self.expr('Int' if t[0] == 'Set' else t[1], scope, d - 1)
                 for _ in range(r.randint(0, 3))]
        if t[0] == 'List':
            return ('[%s]' % ', '.join(e[0] for e in items),
                    lambda env: tuple(e[1](env) for e in items))
        if t[0] == 'Set':
            if not items:
                return 'Set.empty()', lambda env: ('S', {})
            return ('#{ %s }' % ', '.join(e[0] for e in items),
                    lambda env: ('S', {e[1](env): 1 for e in items}))
        keys = [r.choice('abcd') for _ in items]
        if not items:
            return 'Map.empty()', lambda env: {}
        return ('#{ %s }' % ', '.join('"%s": %s' % (k, e[0]) for k, e in zip(keys, items)),
                lambda env: {k: e[1](env) for k, e in zip(keys, items)})

    def arithmetic(self, scope, d):
        a, b = self.expr('Int', scope, d - 1), self.expr('Int', scope, d - 1)
        k = self.random.randint(0, 3)
        if k == 0:
            t = self.random.choice([INTS, ('List', INTS)])
            xs = self.expr(t, scope, d - 1)
            return 'List.length(%s)' % xs[0], lambda env: len(xs[1](env))
        if k == 1:
            xs = self.expr(INTS, scope, d - 1)
            return ('List.fold(%s, %s, |a, x| (a * 3 + x) %% 97)' % (xs[0], a[0]),
                    lambda env: self.folded(xs[1](env), a[1](env)))
        return ('((%s * 7 + %s) %% 97)' % (a[0], b[0]),
                lambda env: (a[1](env) * 7 + b[1](env)) % 97)

    def folded(self, xs, a):
        for x in xs:
            a = (a * 3 + x) % 97
        return a

    def branch(self, t, scope, d):
        c, a, b = self.condition(scope, d), self.expr(t, scope, d - 1), self.expr(t, scope, d - 1)
        return ('(if %s then %s else %s)' % (c[0], a[0], b[0]),
                lambda env: a[1](env) if c[1](env) else b[1](env))

    def condition(self, scope, d):
        if self.random.random() < 0.3:
            t = self.random.choice(TYPES)
            a, b = self.expr(t, scope, d - 1), self.expr(t, scope, d - 1)
            return '%s == %s' % (a[0], b[0]), lambda env: a[1](env) == b[1](env)
        a, b = self.expr('Int', scope, d - 1), self.expr('Int', scope, d - 1)
        return '%s < %s' % (a[0], b[0]), lambda env: a[1](env) < b[1](env)

    def field(self, t, scope, d):
        """A part of a larger value: a field, an element, a payload."""
        r = self.random
        options = [(n, ty) for n, (ty, _) in scope.all().items()
                   if ty in RECORDS and t in RECORDS[ty].values()]
        if options and r.random() < 0.7:
            n, ty = r.choice(options)
            f = r.choice([f for f, ft in RECORDS[ty].items() if ft == t])
            return '%s.%s' % (n, f), lambda env: env.get(n)[f]
        z = self.expr(t, scope, d - 1)
        k = r.randint(0, 2)
        if k == 0 and t in ('Int', INTS):
            m = self.expr(('Map', t), scope, d - 1)
            key = r.choice('abcd')
            return ('Option.unwrap_or(Map.get(%s, "%s"), %s)' % (m[0], key, z[0]),
                    lambda env: self.default(m[1](env), key, z[1](env)))
        if k == 1 and t in ('Int', INTS):
            xs = self.expr(('List', t), scope, d - 1)
            i = r.randint(0, 3)
            return ('List.get_or(%s, %d, %s)' % (xs[0], i, z[0]),
                    lambda env: self.element(xs[1](env), i, z[1](env)))
        if t == INTS:
            o = self.expr(('Option', t), scope, d - 1)
            n = self.name('p')
            inner = Scope(scope)
            inner.types[n] = t
            some = self.expr(t, inner, d - 1)
            return ('(match %s Some(%s) -> %s None -> %s)' % (o[0], n, some[0], z[0]),
                    lambda env: self.matched(o[1](env), env, n, some[1], z[1]))
        return z

    @staticmethod
    def default(m, key, z):
        return m.get(key, z)

    @staticmethod
    def element(xs, i, z):
        return xs[i] if i < len(xs) else z

    @staticmethod
    def matched(o, env, n, some, none):
        if o[0] == 'None':
            return none(env)
        inner = Env(env)
        inner.slots[n] = o[1]
        return some(inner)

    def block(self, t, scope, d):
        inner = Scope(scope)
        steps = [self.statement(inner, d - 1, False) for _ in range(self.random.randint(1, 3))]
        last = self.expr(t, inner, d - 1)

        def run(env):
            env = Env(env)
            for step in steps:
                step[1](env)
            return last[1](env)
        return '{ %s; %s }' % ('; '.join(s[0] for s in steps), last[0]), run

    def call(self, t, scope, d):
        name, parameters, _, run = self.random.choice([f for f in self.functions if f[2] == t])
        arguments = [self.expr(p, scope, d - 1) for p in parameters]
        return ('%s(%s)' % (name, ', '.join(a[0] for a in arguments)),
                lambda env: run([a[1](env) for a in arguments]))

    def change(self, t, scope, d):
        """A value of the type t made from another one: what may happen in place."""
        a = self.expr(t, scope, d - 1)
        way = {'List': self.change_list, 'Map': self.change_map, 'Set': self.change_set,
               'Tuple': self.change_tuple, 'Option': self.change_option}
        if t == 'String':
            b = self.expr('String', scope, d - 1)
            return '(%s ++ %s)' % (a[0], b[0]), lambda env: self.joined(a[1](env), b[1](env))
        if t in RECORDS:
            f = self.random.choice(list(RECORDS[t]))
            e = self.expr(RECORDS[t][f], scope, d - 1)
            return ('{ ..%s, %s: %s }' % (a[0], f, e[0]),
                    lambda env: put(a[1](env), f, e[1](env)))
        return way[t[0]](t, a, scope, d)

    @staticmethod
    def joined(a, b):
        if len(a) + len(b) > 3000:
            raise TooLong()
        return a + b

    def change_list(self, t, a, scope, d):
        e = self.expr(t[1], scope, d - 1)
        i = self.random.randint(0, 4)
        b = self.expr(t, scope, d - 1)
        return self.random.choice([
            ('List.push(%s, %s)' % (a[0], e[0]), lambda env: self.joined(a[1](env), (e[1](env),))),
            ('(%s ++ [%s])' % (a[0], e[0]), lambda env: self.joined(a[1](env), (e[1](env),))),
            ('([%s] ++ %s)' % (e[0], a[0]), lambda env: self.joined((e[1](env),), a[1](env))),
            ('List.set(%s, %d, %s)' % (a[0], i, e[0]),
             lambda env: self.with_item(a[1](env), i, e[1](env))),
            ('List.swap(%s, 0, %d)' % (a[0], i), lambda env: self.swapped(a[1](env), i)),
            ('List.reverse(%s)' % a[0], lambda env: a[1](env)[::-1]),
            ('List.tail(%s)' % a[0], lambda env: a[1](env)[1:]),
            ('List.slice(%s, 1, %d)' % (a[0], i + 1), lambda env: a[1](env)[1:i + 1]),
            ('(%s ++ %s)' % (a[0], b[0]), lambda env: self.joined(a[1](env), b[1](env))),
            ('List.map(%s, |x| x)' % a[0], a[1]),
        ])

    @staticmethod
    def with_item(xs, i, e):
        return xs[:i] + (e,) + xs[i + 1:] if i < len(xs) else xs

    @staticmethod
    def swapped(xs, i):
        if i == 0 or i >= len(xs):
            return xs
        return (xs[i],) + xs[1:i] + (xs[0],) + xs[i + 1:]

    def change_map(self, t, a, scope, d):
        e = self.expr(t[1], scope, d - 1)
        k = self.random.choice('abcdefgh')
        ways = [
            ('Map.insert(%s, "%s", %s)' % (a[0], k, e[0]),
             lambda env: put(a[1](env), k, e[1](env))),
            ('Map.insert(%s, "%s", %s)' % (a[0], k, e[0]),
             lambda env: put(a[1](env), k, e[1](env))),
            ('Map.remove(%s, "%s")' % (a[0], k),
             lambda env: {x: v for x, v in a[1](env).items() if x != k}),
            ('Map.map(%s, |x| x)' % a[0], a[1]),
        ]
        if t[1] == INTS and a[0].isidentifier():
            ways.append((
                'Map.insert(%s, "%s", List.push(Option.unwrap_or(Map.get(%s, "%s"), []), 1))' % (
                    a[0], k, a[0], k),
                lambda env: put(a[1](env), k, self.joined(a[1](env).get(k, ()), (1,)))))
        return self.random.choice(ways)

    def change_set(self, t, a, scope, d):
        e = self.expr('Int', scope, d - 1)
        b = self.expr(t, scope, d - 1)
        return self.random.choice([
            ('Set.insert(%s, %s)' % (a[0], e[0]),
             lambda env: ('S', {**a[1](env)[1], e[1](env): 1})),
            ('Set.remove(%s, %s)' % (a[0], e[0]),
             lambda env: self.without(a[1](env)[1], e[1](env))),
            ('Set.union(%s, %s)' % (a[0], b[0]),
             lambda env: ('S', {**a[1](env)[1], **b[1](env)[1]})),
        ])

    @staticmethod
    def without(items, e):
        return ('S', {x: 1 for x in items if x != e})

    def change_tuple(self, t, a, scope, d):
        p, q = self.name('p'), self.name('p')
        inner = Scope(scope)
        inner.types[p], inner.types[q] = t[1], t[2]
        b = self.literal(t, inner, d)

        def run(env):
            _, x, y = a[1](env)
            env = Env(env)
            env.slots[p], env.slots[q] = x, y
            return b[1](env)
        return '{ let (%s, %s) = %s; %s }' % (p, q, a[0], b[0]), run

    def change_option(self, t, a, scope, d):
        p = self.name('p')
        inner = Scope(scope)
        inner.types[p] = t[1]
        b = self.expr(t[1], inner, d - 1)
        return ('Option.map(%s, |%s| %s)' % (a[0], p, b[0]),
                lambda env: self.matched(a[1](env), env, p, lambda inner: ('Some', b[1](inner)),
                                         lambda _: ('None',)))

    # ---- statements ----

    def statement(self, scope, d, top):
        r = self.random
        ways = [self.let, self.let, self.assign, self.assign, self.assign, self.assign_field]
        if d > 0:
            ways += [self.loop, self.when, self.closure, self.take_apart, self.gather]
        if scope.all_lambdas():
            ways += [self.call_lambda] * 2
        ways += [self.print_all] * (4 if top else 1)
        return r.choice(ways)(scope, d)

    def let(self, scope, d):
        t = self.random.choice(TYPES)
        e = self.expr(t, scope, max(d, 1))
        is_mutable = self.random.random() < 0.6
        n = self.name('m' if is_mutable else 'v')
        scope.types[n] = t
        if is_mutable:
            scope.mutable.add(n)

        def run(env):
            self.tick()
            env.slots[n] = e[1](env)
        return 'let %s%s: %s = %s' % ('mut ' if is_mutable else '', n, type_text(t), e[0]), run

    def target(self, scope, accept):
        fitting = [(n, t) for n, (t, m) in scope.all().items() if m and accept(t)]
        return self.random.choice(fitting) if fitting else None

    def assign(self, scope, d):
        found = self.target(scope, lambda t: True)
        if found is None:
            return self.let(scope, d)
        n, t = found
        # Mostly a change of the variable itself.
        e = self.expr(t, scope, max(d, 1))
        if t != 'Int' and self.random.random() < 0.7:
            kept, self.variables = self.variables, lambda s, ty: [n] if ty == t else kept(s, ty)
            e = self.change(t, scope, 1)
            self.variables = kept

        def run(env):
            self.tick()
            env.set(n, e[1](env))
        return '%s = %s' % (n, e[0]), run

    def assign_field(self, scope, d):
        found = self.target(scope, lambda t: t in RECORDS)
        if found is None:
            return self.let(scope, d)
        n, t = found
        f = self.random.choice(list(RECORDS[t]))
        ft = RECORDS[t][f]
        if ft in RECORDS and self.random.random() < 0.7:
            g = self.random.choice(list(RECORDS[ft]))
            e = self.expr(RECORDS[ft][g], scope, max(d, 1))

            def run_deep(env):
                self.tick()
                value = e[1](env)
                old = env.get(n)
                env.set(n, put(old, f, put(old[f], g, value)))
            return '%s.%s.%s = %s' % (n, f, g, e[0]), run_deep
        e = self.expr(ft, scope, max(d, 1))
        if ft == INTS and self.random.random() < 0.6:
            e = ('List.push(%s.%s, 5)' % (n, f), lambda env: self.joined(env.get(n)[f], (5,)))

        def run(env):
            self.tick()
            value = e[1](env)
            env.set(n, put(env.get(n), f, value))
        return '%s.%s = %s' % (n, f, e[0]), run

    def body(self, scope, d):
        steps = [self.statement(scope, d, False) for _ in range(self.random.randint(1, 3))]

        def run(env):
            for step in steps:
                step[1](env)
        return '{ %s; () }' % '; '.join(s[0] for s in steps), run

    def loop(self, scope, d):
        t = self.random.choice(['Int', INTS])
        xs = self.expr(('List', t), scope, d - 1)
        if t == 'Int' and self.random.random() < 0.5:
            count = self.random.randint(1, 6)
            xs = ('0..%d' % count, lambda env: range(count))
        n = self.name('i')
        inner = Scope(scope)
        inner.types[n] = t
        body = self.body(inner, d - 1)

        def run(env):
            for item in xs[1](env):
                self.tick()
                each = Env(env)
                each.slots[n] = item
                body[1](each)
        return 'for %s in %s do %s' % (n, xs[0], body[0]), run

    def when(self, scope, d):
        c = self.condition(scope, d)
        a, b = self.body(Scope(scope), d - 1), self.body(Scope(scope), d - 1)
        return ('if %s then %s else %s' % (c[0], a[0], b[0]),
                lambda env: (a if c[1](env) else b)[1](Env(env)))

    def closure(self, scope, d):
        """A lambda that may read and assign variables around it, called now or later."""
        f, p = self.name('f'), self.name('p')
        pt, t = self.random.choice(TYPES), self.random.choice(TYPES)
        inner = Scope(scope)
        inner.types[p] = pt
        kept = scope.lambdas
        steps = [self.statement(inner, d - 1, False) for _ in range(self.random.randint(0, 2))]
        last = self.expr(t, inner, d - 1)
        scope.lambdas = kept + [(f, pt, t)]

        def run(env):
            def call(argument):
                self.tick()
                own = Env(env)
                own.slots[p] = argument
                for step in steps:
                    step[1](own)
                return last[1](own)
            env.slots[f] = call
        return 'let %s: (%s) -> %s = |%s| { %s }' % (
            f, type_text(pt), type_text(t), p, '; '.join([s[0] for s in steps] + [last[0]])), run

    def call_lambda(self, scope, d):
        f, pt, t = self.random.choice(scope.all_lambdas())
        a = self.expr(pt, scope, d)
        n = self.name('v')
        scope.types[n] = t

        def run(env):
            self.tick()
            argument = a[1](env)
            env.slots[n] = env.get(f)(argument)
        return 'let %s: %s = %s(%s)' % (n, type_text(t), f, a[0]), run

    def take_apart(self, scope, d):
        r = self.random
        k = r.randint(0, 2)
        a, b = self.name('v'), self.name('v')
        if k == 0:
            t = r.choice([ty for ty in TYPES if ty[0] == 'Tuple'])
            e = self.expr(t, scope, d)
            scope.types[a], scope.types[b] = t[1], t[2]
            return 'let (%s, %s) = %s' % (a, b, e[0]), lambda env: env.slots.update(
                dict(zip((a, b), e[1](env)[1:])))
        if k == 1:
            t = r.choice(list(RECORDS))
            e = self.expr(t, scope, d)
            f, g = r.sample(list(RECORDS[t]), 2)
            scope.types[a], scope.types[b] = RECORDS[t][f], RECORDS[t][g]

            def run_record(env):
                value = e[1](env)
                env.slots[a], env.slots[b] = value[f], value[g]
            return 'let { %s: %s, %s: %s } = %s' % (f, a, g, b, e[0]), run_record
        t = r.choice([INTS, ('List', INTS)])
        e, z = self.expr(t, scope, d), self.expr(t, scope, d)
        head = self.name('p')
        scope.types[a] = t

        def run(env):
            xs = e[1](env)
            env.slots[a] = xs[1:] + (xs[0],) if xs else z[1](env)
        return 'let %s: %s = (match %s [%s, ..%s] -> List.push(%s, %s) [] -> %s)' % (
            a, type_text(t), e[0], head, b, b, head, z[0]), run

    def gather(self, scope, d):
        """A fold with a compound accumulator."""
        n, p, q, x = self.name('v'), self.name('p'), self.name('p'), self.name('p')
        t = self.random.choice([ty for ty in TYPES if ty[0] == 'Tuple'])
        start, xs = self.expr(t, scope, d - 1), self.expr(INTS, scope, d - 1)
        inner = Scope(scope)
        inner.types.update({p: t[1], q: t[2], x: 'Int'})
        a = self.change(t[1], inner, 1) if t[1] != 'Int' else self.expr('Int', inner, 1)
        b = self.change(t[2], inner, 1)
        scope.types[n] = t

        def run(env):
            items, value = xs[1](env), start[1](env)
            for item in items:
                self.tick()
                own = Env(env)
                own.slots.update({p: value[1], q: value[2], x: item})
                value = ('T', a[1](own), b[1](own))
            env.slots[n] = value
        return 'let %s: %s = List.fold(%s, %s, |(%s, %s), %s| (%s, %s))' % (
            n, type_text(t), xs[0], start[0], p, q, x, a[0], b[0]), run

    def print_all(self, scope, d):
        known = list(scope.all().items())
        some = self.random.sample(known, min(len(known), 7))

        def run(env):
            self.out.append(' | '.join(show(t, env.get(n)) for n, (t, _) in some))
        return 'Console.println!("%s")' % ' | '.join('${%s}' % n for n, _ in some), run

    # ---- functions ----

    def function(self):
        """Either changes its parameters step by step, or loops by calling itself."""
        r = self.random
        name, t, other = self.name('g'), r.choice(TYPES), r.choice(TYPES)
        n, p, q = self.name('n'), self.name('p'), self.name('p')
        scope = Scope()
        scope.types.update({p: t, q: other})
        if r.random() < 0.5:
            body = self.block(t, scope, 2)

            def run_block(arguments):
                self.tick()
                env = Env()
                env.slots.update(dict(zip((p, q), arguments)))
                return body[1](env)
            self.functions.append((name, [t, other], t, run_block))
            return 'fn %s(%s: %s, %s: %s) -> %s = %s' % (
                name, p, type_text(t), q, type_text(other), type_text(t), body[0])
        scope.types[n] = 'Int'
        first, second = self.expr(t, scope, 2), self.expr(other, scope, 2)

        def run(arguments):
            env = Env()
            env.slots.update({n: 4, p: arguments[0], q: arguments[1]})
            while env.slots[n] > 0:
                self.tick()
                a, b = first[1](env), second[1](env)
                env.slots.update({p: a, q: b, n: env.slots[n] - 1})
            return env.slots[p]
        inner = name + '_loop'
        self.functions.append((name, [t, other], t, run))
        types = '%s: %s, %s: %s' % (p, type_text(t), q, type_text(other))
        return ('fn %s(%s: Int, %s) -> %s = if %s <= 0 then %s else %s(%s - 1, %s, %s)\n'
                'fn %s(%s) -> %s = %s(4, %s, %s)') % (
            inner, n, types, type_text(t), n, p, inner, n, first[0], second[0],
            name, types, type_text(t), inner, p, q)

    def attempt(self, size):
        self.names, self.steps, self.out, self.functions = 0, 0, [], []
        lines = ['@prelude(script)']
        lines += ['type %s = { %s }' % (n, ', '.join('%s: %s' % (f, type_text(t))
                                                     for f, t in fields.items()))
                  for n, fields in RECORDS.items()]
        lines += [self.function() for _ in range(self.random.randint(0, 3))]
        scope, steps = Scope(), []
        for _ in range(size):
            steps.append(self.statement(scope, 2, True))
        steps.append(self.print_all(scope, 0))
        lines.append('fn main!() -> {Console} () = {')
        lines += ['  %s;' % s[0] for s in steps] + ['  ()', '}']
        env = Env()
        for step in steps:
            step[1](env)
        return '\n'.join(lines) + '\n', '\n'.join(self.out) + '\n'

    def program(self, size):
        while True:
            try:
                source, expected = self.attempt(size)
            except TooLong:
                continue
            if len(source) < 60000 and len(expected) < 60000:
                return source, expected


if __name__ == '__main__':
    programs.main(Generator)

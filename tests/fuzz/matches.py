#!/usr/bin/env python3
"""Generated Baseline programs about matches: nested patterns, alternatives, guards, many arms.

    matches.py --run 'build/bl-uring {}' [--run …] [--count N] [--seed S] [--keep DIR] [--size N]

The companion of effects.py. A compiler makes decision trees of the arms of a match; here every
value is held against one alternative after the other, as the language says. Patterns and values
are tuples, ('int', 1) or ('variant', 'A', [part, …]); scrutinees are Unknown, so that patterns of
every kind stand side by side, and the same few leaves occur so often that arms overlap.
"""
import random
import sys

import effects

CONSTRUCTORS = 'ABCD'
PARTS_MAX = 2
NAMES = 'xyz'


class Maker:
    def __init__(self, seed):
        self.random = random.Random(seed)

    def leaf(self):
        r = self.random
        return r.choice([('int', r.randint(0, 2)), ('text', r.choice('ab')),
                         ('bool', r.random() < 0.5), ('int', r.randint(0, 2))])

    def node(self, depth, part, counts):
        """A variant, pair or list of what `part` makes."""
        r = self.random
        kind = r.choice(['variant', 'pair', 'list'])
        parts = [part(depth - 1) for _ in range(2 if kind == 'pair' else r.choice(counts[kind]))]
        return (kind, r.choice(CONSTRUCTORS), parts) if kind == 'variant' else (kind, '', parts)

    def value(self, depth):
        if depth == 0 or self.random.random() < 0.25:
            return self.leaf()
        return self.node(depth, self.value, {'variant': (0, 1, 2), 'list': (0, 1, 2, 3)})

    def pattern(self, depth):
        r = self.random
        if depth == 0 or r.random() < 0.25:
            return r.choice([('any',), ('name', r.choice(NAMES)), self.leaf(), self.leaf()])
        made = self.node(depth, self.pattern, {'variant': (0, 1, 2), 'list': (0, 1, 2)})
        return ('rest', '', made[2]) if made[0] == 'list' and r.random() < 0.5 else made

    def arm(self):
        r = self.random
        alternatives = [self.pattern(r.randint(0, 3)) for _ in range(r.choice((1, 1, 1, 2, 3)))]
        shared = sorted(set.intersection(*map(names_of, alternatives)))
        guard = None
        if r.random() < 0.3:
            guard = (r.choice(shared), r.randint(0, 2)) if shared else (None, r.random() < 0.5)
        return alternatives, guard, shared

    def function(self):
        return [self.arm() for _ in range(self.random.choice((2, 5, 12, 40, 150)))]


def names_of(pattern):
    if pattern[0] == 'name':
        return {pattern[1]}
    return set().union(*map(names_of, pattern[2])) if len(pattern) == 3 else set()


# ---- what a match gives ----------------------------------------------------------------------

def matches(pattern, value, bound):
    kind = pattern[0]
    if kind == 'any':
        return True
    if kind == 'name':
        bound[pattern[1]] = value
        return True
    if len(pattern) == 2:
        return pattern == value
    if kind == 'rest':
        if value[0] != 'list' or len(value[2]) < len(pattern[2]):
            return False
    elif pattern[:2] != value[:2] or len(pattern[2]) != len(value[2]):
        return False
    return all([matches(p, v, bound) for p, v in zip(pattern[2], value[2])])


def passes(guard, bound):
    name, wanted = guard
    return wanted if name is None else bound[name] == ('int', wanted)


def outcome(arms, value):
    for index, (alternatives, guard, shared) in enumerate(arms):
        for pattern in alternatives:
            bound = {}
            if matches(pattern, value, bound) and (guard is None or passes(guard, bound)):
                return ' '.join([str(index)] + [shown(bound[name]) for name in shared])
    return 'none'


def shown(value):
    """As the program prints it."""
    kind, what = value[:2]
    if len(value) == 2:
        return str(what).lower() if kind == 'bool' else str(what)
    parts = ', '.join(map(shown, value[2]))
    if kind == 'variant':
        return '%s%d' % (what, len(value[2])) + ('(%s)' % parts if parts else '')
    return '(%s)' % parts if kind == 'pair' else '[%s]' % parts


# ---- programs --------------------------------------------------------------------------------

def source(node):
    """Of a pattern, or of a value that is no list of different things."""
    kind = node[0]
    if kind in ('any', 'name'):
        return node[1] if kind == 'name' else '_'
    if len(node) == 2:
        return '"%s"' % node[1] if kind == 'text' else str(node[1]).lower()
    parts = [source(part) for part in node[2]] + (['.._rest'] if kind == 'rest' else [])
    if kind == 'variant':
        return '%s%d' % (node[1], len(parts)) + ('(%s)' % ', '.join(parts) if parts else '')
    return ('(%s)' if kind == 'pair' else '[%s]') % ', '.join(parts)


def value_source(value):
    """The elements of a literal must agree, those of joined lists need not."""
    if len(value) == 2:
        return source(value)
    parts = [value_source(part) for part in value[2]]
    if value[0] == 'list':
        return '(%s)' % ' ++ '.join(['[%s]' % part for part in parts] or ['[]'])
    if value[0] == 'pair':
        return '(%s)' % ', '.join(parts)
    return '%s%d' % (value[1], len(parts)) + ('(%s)' % ', '.join(parts) if parts else '')


def function_source(number, arms):
    lines = ['fn f%d(v: Unknown) -> String =' % number, '  match v']
    for index, (alternatives, guard, shared) in enumerate(arms):
        condition = ''
        if guard is not None:
            condition = ' if ' + ('%s == %d' % guard if guard[0] else str(guard[1]).lower())
        lines.append('    %s%s -> "%s"' % (
            ' | '.join(map(source, alternatives)), condition,
            ' '.join([str(index)] + ['${%s}' % name for name in shared])))
    return lines + ['    _ -> "none"', '']


def make(seed, size):
    """A program, its output, and None: nothing fails."""
    maker = Maker('matches %s' % seed)
    variants = ['| %s%d%s' % (c, n, '(%s)' % ', '.join(['Unknown'] * n) if n else '')
                for c in CONSTRUCTORS for n in range(PARTS_MAX + 1)]
    lines = ['type Variant ='] + ['  ' + variant for variant in variants] + ['']
    calls, output = [], []
    for number in range(max(1, size // 10)):
        arms = maker.function()
        lines += function_source(number, arms)
        for _ in range(20):
            value = maker.value(3)
            calls.append('  let _ = Console.println!(f%d(%s))' % (number, value_source(value)))
            output.append(outcome(arms, value) + '\n')
    lines += ['fn main!() -> {Console} () = {'] + calls + ['  ()', '}', '']
    return '\n'.join(lines), ''.join(output), None


if __name__ == '__main__':
    sys.exit(effects.main(make))

#!/usr/bin/env python3
"""Generated Baseline programs about fibers: scopes, cells, channels, races, and handlers in them.

    fibers.py --run 'build/bl-uring {}' [--run …] [--count N] [--seed S] [--keep DIR] [--size N]

The companion of effects.py. Every program is a tree of tuples; `text` writes it as Baseline, and
`World` runs it: a fiber is a Python generator that yields to wait or to perform an operation, and
the scheduler is a queue. Nothing sleeps, so there is one order of events, and the output tells it.
Many programs end with a deadlock, or with an error that a cancelled fiber or a closed channel
causes: then output and message are compared. All numbers stay below 1009. Prints the seed of each
failure, and `N passed, N failed`.
"""
import collections
import random
import sys

import effects

sys.setrecursionlimit(20000)
STEPS_MAX = 20000
WAIT = ('wait',)
CLOSED = 'Channel.send! failed: channel is closed'


class Failure(Exception):
    """A run-time error: nothing catches it."""


# ---- making programs -------------------------------------------------------------------------

class Names:
    """What an expression may name; `effects`: those handled in this fiber."""

    KINDS = ('ints', 'muts', 'scopes', 'cells', 'senders', 'receivers', 'effects')

    def __init__(self, outer=None):
        for kind in self.KINDS:
            setattr(self, kind, list(getattr(outer, kind)) if outer else [])


class Maker:
    def __init__(self, seed, size):
        self.random = random.Random(seed)
        self.count = 0
        self.left = size
        self.awaited = set()  # A cell can be awaited once.

    def name(self, prefix):
        self.count += 1
        return '%s%d' % (prefix, self.count)

    def expr(self, names, depth):
        r = self.random
        self.left -= 1
        if depth <= 0 or self.left < 0:
            known = names.ints + names.muts
            return ('var', r.choice(known)) if known and r.random() < 0.7 else (
                'int', r.randint(0, 20))
        makers = [self.binary, self.choice, self.block, self.scope, self.scope, self.handle,
                  self.handle, self.parallel, self.race]
        makers += [self.await_] * 4 * bool(self.free_cells(names))
        makers += [self.recv] * 2 * bool(names.receivers)
        makers += [self.perform] * 4 * bool(names.effects)
        return r.choice(makers)(names, depth - 1)

    def plain(self, names, depth):
        """An expression that never waits."""
        if depth > 0 and self.random.random() < 0.4:
            return ('binary', self.random.choice('+*-'), self.plain(names, depth - 1),
                    self.plain(names, depth - 1))
        if names.effects and self.random.random() < 0.2:
            return ('perform', self.random.choice(names.effects), self.plain(names, depth - 1))
        return self.expr(names, 0)

    def binary(self, names, depth):
        return ('binary', self.random.choice('+*-'), self.expr(names, depth),
                self.expr(names, depth))

    def choice(self, names, depth):
        return ('if', self.plain(names, 1), self.plain(names, 1), self.expr(names, depth),
                self.expr(names, depth))

    def fiber_names(self, names):
        """What a new fiber sees: all but handlers."""
        inner = Names(names)
        inner.effects = []
        return inner

    def scope(self, names, depth):
        name = self.name('s')
        inner = Names(names)
        inner.scopes.append(name)
        return ('scope', name, self.block(inner, depth, more=2))

    def functions(self, names, depth):
        inner = self.fiber_names(names)
        return [self.block(inner, depth - 1) for _ in range(self.random.randint(1, 3))]

    def parallel(self, names, depth):
        return ('parallel', self.functions(names, depth))

    def race(self, names, depth):
        return ('race', self.functions(names, depth))

    def free_cells(self, names):
        return [c for c in names.cells if c not in self.awaited]

    def await_(self, names, _depth):
        cell = self.random.choice(self.free_cells(names))
        self.awaited.add(cell)
        return ('await', cell)

    def recv(self, names, _depth):
        return ('recv', self.random.choice(names.receivers))

    def perform(self, names, depth):
        return ('perform', self.random.choice(names.effects), self.expr(names, depth))

    def clause(self, names):
        """Its parameter and its body; the body waits only inside of resume."""
        name = self.name('v')
        inner = Names(names)
        inner.ints.append(name)
        resume = ('resume', self.plain(inner, 1))
        kind = self.random.randint(0, 6)
        if kind <= 1:
            body = resume
        elif kind == 2:
            body = ('binary', '+', resume, self.plain(inner, 1))
        elif kind == 3:
            body = self.plain(inner, 1)
        elif kind == 4:
            body = ('if', self.plain(inner, 1), self.plain(inner, 1), resume,
                    self.plain(inner, 1))
        elif kind == 5:
            scope = self.name('s')
            body = ('scope', scope, ('block', [], ('binary', '+', resume, ('int', 1))))
        else:
            scope, cell = self.name('s'), self.name('c')
            body = ('scope', scope, ('block', [('spawn', cell, scope, ('block', [], resume))],
                                     ('await', cell)))
        if self.random.random() < 0.4:
            body = ('block', [('say', self.name('k'), ('var', name))], body)
        return name, body

    def handle(self, names, depth):
        effect = self.random.choice('AB')
        inner = Names(names)
        if effect not in inner.effects:
            inner.effects.append(effect)
        name, clause = self.clause(names)
        return ('handle', self.block(inner, depth, more=1), effect, name, clause)

    def block(self, names, depth, more=0):
        inner = Names(names)
        count = self.random.randint(1, 2) + more
        statements = [self.statement(inner, depth) for _ in range(count)]
        return ('block', statements, self.expr(inner, depth))

    def statement(self, names, depth):
        """Adds what it declares to names."""
        r = self.random
        kinds = ['let', 'mut', 'set', 'say', 'say', 'channel']
        if depth > 0 and self.left > 0:
            kinds += ['for'] + ['spawn'] * 5 * bool(names.scopes)
        kinds += ['send'] * 6 * bool(names.senders)
        kinds += ['close'] * (bool(names.senders) and r.random() < 0.4)
        kinds += ['cancel'] * (bool(names.cells) and r.random() < 0.4)
        kind = r.choice(kinds)
        if kind == 'set' and names.muts:
            return ('set', r.choice(names.muts), self.expr(names, depth))
        if kind == 'mut':
            made = ('letmut', self.name('m'), self.expr(names, depth))
            names.muts.append(made[1])
            return made
        if kind == 'say':
            return ('say', self.name('t'), self.expr(names, depth))
        if kind == 'channel':
            number = self.name('')
            names.senders.append('tx' + number)
            names.receivers.append('rx' + number)
            return ('channel', number, r.randint(1, 6))
        if kind == 'spawn':
            cell, scope = self.name('c'), r.choice(names.scopes)
            body = self.block(self.fiber_names(names), depth - 1, more=1)
            names.cells.append(cell)
            return ('spawn', cell, scope, body)
        if kind == 'send':
            return ('send', r.choice(names.senders), self.expr(names, depth - 1))
        if kind == 'close':
            return ('close', r.choice(names.senders))
        if kind == 'cancel':
            return ('cancel', r.choice(names.cells))
        if kind == 'for':
            name = self.name('v')
            inner = Names(names)
            inner.ints.append(name)
            inner.cells = []  # A cell can be awaited once, not once a round.
            return ('for', name, r.randint(1, 3), self.statement(inner, depth - 1))
        made = ('let', self.name('v'), self.expr(names, depth))
        names.ints.append(made[1])
        return made


# ---- as text ---------------------------------------------------------------------------------

def text(e):
    kind = e[0]
    if kind in ('int', 'var'):
        return str(e[1])
    if kind == 'binary':
        return '((%s %s %s) %% 1009)' % (text(e[2]), e[1], text(e[3]))
    if kind == 'if':
        return '(if %s < %s then %s else %s)' % tuple(map(text, e[1:]))
    if kind == 'scope':
        return 'scope!(|%s| %s)' % (e[1], text(e[2]))
    if kind == 'parallel':
        return 'List.fold(Async.parallel!([%s]), 0, |a, b| (a * 3 + b) %% 1009)' % ', '.join(
            '|| ' + text(f) for f in e[1])
    if kind == 'race':
        return 'Async.race!([%s])' % ', '.join('|| ' + text(f) for f in e[1])
    if kind == 'await':
        return 'Cell.await!(%s)' % e[1]
    if kind == 'recv':
        return 'got(Channel.recv!(%s))' % e[1]
    if kind == 'perform':
        return '%s.%s!(%s)' % (e[1], e[1].lower(), text(e[2]))
    if kind == 'resume':
        return 'resume(%s)' % text(e[1])
    if kind == 'handle':
        return '(handle %s with { %s.%s!(%s, resume) -> %s })' % (
            text(e[1]), e[2], e[2].lower(), e[3], text(e[4]))
    if kind == 'block':
        return '{\n%s%s\n}' % (''.join(statement_text(s) + ';\n' for s in e[1]), text(e[2]))
    raise AssertionError(kind)


def statement_text(s):
    kind = s[0]
    if kind == 'let':
        return 'let %s = %s' % (s[1], text(s[2]))
    if kind == 'letmut':
        return 'let mut %s = %s' % (s[1], text(s[2]))
    if kind == 'set':
        return '%s = %s' % (s[1], text(s[2]))
    if kind == 'say':
        return 'Console.println!("%s ${%s}")' % (s[1], text(s[2]))
    if kind == 'channel':
        return 'let (tx%s, rx%s) = Channel.bounded(%d)' % (s[1], s[1], s[2])
    if kind == 'spawn':
        return 'let %s = Scope.spawn!(%s, || %s)' % (s[1], s[2], text(s[3]))
    if kind == 'send':
        return 'Channel.send!(%s, %s)' % (s[1], text(s[2]))
    if kind == 'close':
        return 'Channel.close!(%s)' % s[1]
    if kind == 'cancel':
        return 'Cell.cancel!(%s)' % s[1]
    if kind == 'for':
        return 'for %s in 0..%d do {\n%s;\n()\n}' % (s[1], s[2], statement_text(s[3]))
    raise AssertionError(kind)


def program_text(main):
    return '\n'.join([
        '@prelude(script)', 'effect A { a! : Int -> Int }', 'effect B { b! : Int -> Int }',
        'fn got(value: Unknown) -> Int = Option.unwrap_or(value, 777)',
        'fn main!() -> () = Console.println!("= ${%s}")' % text(main), ''])


# ---- what they do ----------------------------------------------------------------------------

class Fiber:
    def __init__(self, steps, done):
        self.steps = steps
        self.done = done  # Called with its value, or with whether it was stopped.
        self.queue = None
        self.value = self.failure = self.carried = None
        self.is_cancelled = self.is_done = False

    def stand_in(self, queue):
        self.queue = queue
        queue.append(self)

    def leave(self):
        if self.queue is not None:
            self.queue.remove(self)
        self.queue = None


class Cell:
    def __init__(self):
        self.fiber = self.value = None
        self.was_stopped = self.is_awaited = False
        self.waiting = collections.deque()


class Scope:
    def __init__(self):
        self.fibers = []
        self.is_closed = False
        self.waiting = collections.deque()


class Channel:
    def __init__(self, capacity):
        self.items, self.capacity, self.is_closed = collections.deque(), capacity, False
        self.senders, self.receivers = collections.deque(), collections.deque()


class World:
    """Environments map names to one-element lists, so that fibers share variables."""

    def __init__(self):
        self.out = []
        self.steps = 0
        self.ready, self.cancelled = collections.deque(), collections.deque()
        self.current = None

    # The scheduler.

    def go_on(self, fiber, value=None, failure=None):
        fiber.leave()
        fiber.value, fiber.failure = value, failure
        fiber.stand_in(self.ready)

    def cancel(self, fiber):
        if fiber is None or fiber.is_cancelled or fiber.is_done:
            return
        fiber.is_cancelled = True
        if fiber is not self.current:
            fiber.leave()
            fiber.stand_in(self.cancelled)

    def cancel_all(self, scope, but=None):
        for fiber in reversed(scope.fibers):
            if fiber is not but:
                self.cancel(fiber)

    def take_apart(self):
        while self.cancelled:
            fiber = self.cancelled[0]
            fiber.leave()
            fiber.steps.close()
            fiber.is_done = True
            fiber.done(None, True)

    def turn(self, fiber):
        """Runs a fiber until it waits or ends."""
        self.current = fiber
        value, failure = fiber.value, fiber.failure
        fiber.value = fiber.failure = None
        try:
            if failure:
                raise Failure(failure)
            request = fiber.steps.send(value)
            if request[0] == 'perform':
                raise Failure('Unhandled effect: %s.%s' % (request[1], request[1].lower()))
        except StopIteration as end:
            self.current = None
            fiber.is_done = True
            fiber.done(end.value, False)
            return
        self.current = None
        if fiber.is_cancelled:
            fiber.leave()
            fiber.stand_in(self.cancelled)

    def run(self, main):
        """Output, and the message of the error that ended it or None."""
        ended = []
        fiber = Fiber(self.eval(main, {}), lambda value, _: ended.append(value))
        fiber.stand_in(self.ready)
        try:
            while not ended:
                self.take_apart()
                if not self.ready:
                    raise Failure('Deadlock: all fibers are waiting')
                fiber = self.ready[0]
                fiber.leave()
                self.turn(fiber)
        except Failure as failure:
            return ''.join(self.out), str(failure)
        return ''.join(self.out) + '= %d\n' % ended[0], None

    # Operations.

    def wait(self, queue):
        self.current.stand_in(queue)
        return (yield WAIT)

    def spawn(self, scope, steps):
        if scope.is_closed:
            raise Failure('Scope.spawn!: the scope has ended')
        cell = Cell()

        def done(value, was_stopped):
            fiber = cell.fiber
            cell.fiber, cell.was_stopped, cell.value = None, was_stopped, value
            if cell.waiting:
                failure = 'Cell.await!: fiber was cancelled' if was_stopped else None
                self.go_on(cell.waiting[0], value, failure)
            scope.fibers.remove(fiber)
            if not scope.fibers and scope.waiting:
                self.go_on(scope.waiting[0])

        cell.fiber = Fiber(steps, done)
        cell.fiber.stand_in(self.ready)
        scope.fibers.append(cell.fiber)
        return cell

    def await_(self, cell):
        if cell.is_awaited:
            raise Failure('Cell.await! called on already-awaited Cell')
        if cell.was_stopped:
            raise Failure('Cell.await!: fiber was cancelled')
        cell.is_awaited = True
        return cell.value if cell.fiber is None else (yield from self.wait(cell.waiting))

    def send(self, channel, value):
        if channel.is_closed:
            raise Failure(CLOSED)
        if channel.receivers:
            self.go_on(channel.receivers[0], value)
        elif len(channel.items) < channel.capacity:
            channel.items.append(value)
        else:
            self.current.carried = value
            yield from self.wait(channel.senders)

    def recv(self, channel):
        if channel.items:
            value = channel.items.popleft()
            if channel.senders:
                channel.items.append(channel.senders[0].carried)
                self.go_on(channel.senders[0])
            return value
        return 777 if channel.is_closed else (yield from self.wait(channel.receivers))

    def close(self, channel):
        channel.is_closed = True
        while channel.receivers:
            self.go_on(channel.receivers[0], 777)
        while channel.senders:
            self.go_on(channel.senders[0], failure=CLOSED)

    def scope(self, body):
        """body: makes the steps of its body from the scope."""
        scope = Scope()
        try:
            value = yield from body(scope)
            if scope.fibers:
                yield from self.wait(scope.waiting)
            return value
        finally:
            scope.is_closed = True
            self.cancel_all(scope)

    def parallel(self, bodies, env):
        def body(scope):
            cells = [self.spawn(scope, self.eval(b, env)) for b in bodies]
            values = []
            for cell in cells:
                values.append((yield from self.await_(cell)))
            return values
        return (yield from self.scope(body))

    def race(self, bodies, env):
        winner, waiting = [], collections.deque()

        def runner(scope, steps):
            value = yield from steps
            self.cancel_all(scope, but=self.current)
            if not winner and waiting:
                self.go_on(waiting[0], value)
            winner.append(value)
            return 0

        def body(scope):
            for b in bodies:
                self.spawn(scope, runner(scope, self.eval(b, env)))
            if not winner:
                return (yield from self.wait(waiting))
            return winner[0]
        return (yield from self.scope(body))

    def drive(self, body, value, effect, name, clause, env):
        """Sends value to the body, and runs it to its end or through a clause."""
        try:
            while True:
                request = body.send(value)
                if request[0] == 'perform' and request[1] == effect:
                    break
                value = yield request
        except StopIteration as end:
            return end.value
        except GeneratorExit:
            body.close()
            raise
        is_used = []

        def resume(v):
            if is_used:
                raise Failure('resume called more than once')
            is_used.append(True)
            return (yield from self.drive(body, v, effect, name, clause, env))
        try:
            return (yield from self.eval(clause, {**env, name: [request[2]], 'resume': [resume]}))
        finally:
            if not is_used:
                is_used.append(True)
                body.close()

    # The walk.

    def eval(self, e, env):
        self.steps += 1
        if self.steps > STEPS_MAX:
            raise effects.TooLong()
        kind = e[0]
        if kind == 'int':
            return e[1]
        if kind == 'var':
            return env[e[1]][0]
        if kind == 'binary':
            a = yield from self.eval(e[2], env)
            b = yield from self.eval(e[3], env)
            return effects.remainder({'+': a + b, '-': a - b, '*': a * b}[e[1]])
        if kind == 'if':
            a = yield from self.eval(e[1], env)
            b = yield from self.eval(e[2], env)
            return (yield from self.eval(e[3] if a < b else e[4], env))
        if kind == 'scope':
            return (yield from self.scope(lambda s: self.eval(e[2], {**env, e[1]: [s]})))
        if kind == 'parallel':
            total = 0
            for value in (yield from self.parallel(e[1], env)):
                total = effects.remainder(total * 3 + value)
            return total
        if kind == 'race':
            return (yield from self.race(e[1], env))
        if kind == 'await':
            return (yield from self.await_(env[e[1]][0]))
        if kind == 'recv':
            return (yield from self.recv(env[e[1]][0]))
        if kind == 'perform':
            argument = yield from self.eval(e[2], env)
            return (yield ('perform', e[1], argument))
        if kind == 'resume':
            value = yield from self.eval(e[1], env)
            return (yield from env['resume'][0](value))
        if kind == 'handle':
            body = self.eval(e[1], env)
            return (yield from self.drive(body, None, e[2], e[3], e[4], env))
        if kind == 'block':
            env = dict(env)
            for s in e[1]:
                yield from self.execute(s, env)
            return (yield from self.eval(e[2], env))
        raise AssertionError(kind)

    def execute(self, s, env):
        kind = s[0]
        if kind in ('let', 'letmut'):
            env[s[1]] = [(yield from self.eval(s[2], env))]
        elif kind == 'set':
            env[s[1]][0] = yield from self.eval(s[2], env)
        elif kind == 'say':
            self.out.append('%s %d\n' % (s[1], (yield from self.eval(s[2], env))))
        elif kind == 'channel':
            channel = Channel(s[2])
            env['tx' + s[1]] = env['rx' + s[1]] = [channel]
        elif kind == 'spawn':
            env[s[1]] = [self.spawn(env[s[2]][0], self.eval(s[3], dict(env)))]
        elif kind == 'send':
            value = yield from self.eval(s[2], env)
            yield from self.send(env[s[1]][0], value)
        elif kind == 'close':
            self.close(env[s[1]][0])
        elif kind == 'cancel':
            self.cancel(env[s[1]][0].fiber)
        else:
            for i in range(s[2]):
                yield from self.execute(s[3], {**env, s[1]: [i]})


def make(seed, size):
    """A program, its output, and its error or None."""
    for attempt in range(50):
        main = Maker('fibers %s %d' % (seed, attempt), size).block(Names(), 4, more=2)
        try:
            return (program_text(main), *World().run(main))
        except (effects.TooLong, RecursionError):
            continue
    raise AssertionError('seed %s makes only long programs' % seed)


if __name__ == '__main__':
    sys.exit(effects.main(make))

import Diagnosis
import Failure
import LinuxSystem
import MirrorEngine
import MirrorModel
import MirrorPlan
import PlanSimulation
import Testing

@Suite struct ReconcilerTests {
    @Test("A mirror is defined in a file of its name, and runs; a second time nothing changes")
    func definesAndRuns() throws {
        let machine = try Machine()
        let first = try machine.put(try machine.mirror("ids"))
        #expect(first.added.map(\.description) == ["ids"])
        #expect(Array(machine.files.keys) == ["\(machine.store.permanentDirectory)/ids.yaml"])
        #expect(machine.engine.simulator.world.points.count == 2)
        #expect(try machine.put(try machine.mirror("ids")).isEmpty)
    }

    @Test("Whichever step fails, the machine and the files are as they were", arguments: 0..<8)
    func allOrNothing(failing: Int) throws {
        let machine = try Machine()
        _ = try machine.put(try machine.mirror("old", "c"))
        let state = machine.state
        let files = machine.files
        machine.engine.failsAt = machine.engine.performed + failing
        let fresh = [try machine.mirror("new", to: "c"), try machine.mirror("old", "a", to: "b")]
        do {
            try machine.load(fresh)
            // Fewer steps than that: it went through.
            #expect(machine.engine.performed <= machine.engine.failsAt ?? 0)
        } catch let error as UserError {
            #expect(error.description.contains("told to"))
            #expect(error.advice == "nothing was changed")
            #expect(machine.state == state)
            #expect(machine.files == files)
        }
    }

    @Test("Many definitions, written while the kernel works, are taken back like few when a step fails")
    func manyDefinitions() throws {
        let machine = try Machine()
        _ = try machine.put(try machine.mirror("old", "c"))
        let state = machine.state
        let files = machine.files
        let mirrors = try (0..<60).map { try machine.mirror("m\($0)") }
        machine.engine.failsAt = machine.engine.performed + 70
        #expect(throws: UserError.self) { try machine.load(mirrors) }
        #expect(machine.state == state)
        #expect(machine.files == files)
        machine.engine.failsAt = nil
        #expect(try machine.load(mirrors).added.count == 60)
        #expect(machine.files.count == 61)
        #expect(try machine.load(mirrors).isEmpty)
    }

    @Test(
        "After a failure that may go, or in a world that changed, it is looked at again, and the work done",
        arguments: [FailureKind.stale, .transient])
    func isRetried(_ kind: FailureKind) throws {
        let machine = try Machine()
        machine.engine.failsAt = 1
        machine.engine.failureKind = kind
        _ = try machine.put(try machine.mirror("ids"))
        #expect(machine.engine.simulator.world.points.count == 2)
        #expect(machine.files.count == 1)
    }

    @Test("A failure that comes again is tried once, others until it is enough; nothing is changed")
    func isGivenUp() throws {
        var tries: [FailureKind: Int] = [:]
        for kind in FailureKind.allCases {
            let machine = try Machine()
            let state = machine.state
            machine.engine.alwaysFails = true
            machine.engine.failureKind = kind
            #expect(throws: UserError.self) { _ = try machine.put(try machine.mirror("ids")) }
            #expect(machine.state == state && machine.files == [:])
            tries[kind] = machine.engine.performed
        }
        #expect(tries == [.permanent: 1, .transient: 5, .stale: 20])
    }

    @Test("What took long to fail isn't tried again, though it may go by itself") func slowFailure() throws {
        let machine = try Machine()
        machine.engine.alwaysFails = true
        machine.engine.failureKind = .transient
        machine.engine.pause = 2100
        #expect(throws: UserError.self) { _ = try machine.put(try machine.mirror("ids")) }
        #expect(machine.engine.performed == 1)
    }

    @Test("A refusal changes nothing, and no file is left")
    func refusal() throws {
        let machine = try Machine()
        let state = machine.state
        #expect(throws: UserError.self) { _ = try machine.put(try machine.mirror("loop", "a", to: "a")) }
        #expect(machine.state == state)
        #expect(machine.files == [:])
    }

    @Test("A mirror that can't be had any more doesn't keep others from being defined")
    func unrelatedRefusal() throws {
        let machine = try Machine()
        try machine.write("version: 1\nmirrors:\n  bad: {from: a, to: b, snaplen: 100, engine: tc}\n", "bad.yaml")
        let preview = try machine.put(try machine.mirror("ids", "c"))
        #expect(preview.plan.refusals.map(\.mirror?.description) == ["bad"])
        #expect(machine.engine.simulator.world.points.count == 2)
        #expect(throws: UserError.self) {
            var worse = try machine.mirror("web")
            worse.snaplen = 100
            worse.engine = .tc
            _ = try machine.put(worse)
        }
    }

    @Test(
        "A step that failed is a finding: with its step, the kernel's words, and what helps",
        arguments: FailureKind.allCases)
    func failureIsFinding(kind: FailureKind) throws {
        let machine = try Machine()
        let codes: [FailureKind: Finding.Code] = [
            .transient: .stepBusy, .stale: .stepStale, .permanent: .stepRefused,
        ]
        for step in try machine.put(try machine.mirror("ids")).plan.steps {
            let failure = StepFailure(
                step: step, reason: "can't: busy (EBUSY)", kind: kind, errno: "EBUSY", said: "busy")
            #expect(failure.finding.code == codes[kind])
            #expect(failure.finding.mirror == step.mirror && failure.description == "\(step): can't: busy (EBUSY)")
            #expect(
                failure.finding.statement.evidence == [
                    "step": [step.description], "reason": ["can't: busy (EBUSY)"], "errno": ["EBUSY"], "said": ["busy"],
                ])
        }
    }

    @Test("A mirror that has to be new isn't defined over another of its name, but over itself it is")
    func mustBeNew() throws {
        let machine = try Machine()
        _ = try machine.put(try machine.mirror("ids"), new: true)
        #expect(try machine.put(try machine.mirror("ids"), new: true).isEmpty)
        #expect(throws: UserError.self) { _ = try machine.put(try machine.mirror("ids", "c"), new: true) }
        let request = Request.define([Request.Definition(try machine.mirror("ids", "c"))], mustBeNew: true)
        #expect(throws: UserError.self) { _ = try machine.reconciler.preview(request, now: machine.now) }
    }

    @Test("A mirror that is there but for being temporary is said to be that, with what makes it permanent")
    func mustBeNewElsewhere() throws {
        for isTemporary in [true, false] {
            let machine = try Machine()
            _ = try machine.put(try machine.mirror("ids"), temporary: isTemporary)
            let error = #expect(throws: UserError.self) {
                _ = try machine.put(try machine.mirror("ids"), temporary: !isTemporary, new: true)
            }
            #expect(
                error?.message.hasSuffix("with this definition, and is \(isTemporary ? "temporary" : "permanent")")
                    == true)
            #expect(
                error?.advice.hasSuffix("portmirror set ids \(isTemporary ? "--unset temporary" : "--temporary")")
                    == true)
            let other = #expect(throws: UserError.self) {
                _ = try machine.put(try machine.mirror("ids", "c"), temporary: !isTemporary, new: true)
            }
            #expect(other?.message.hasSuffix("with another definition") == true)
        }
    }

    @Test("A mirror whose time is over goes with the next command, whatever that is about")
    func expiry() throws {
        let machine = try Machine()
        _ = try machine.put(try machine.mirror("short", until: 10))
        machine.now = Timestamp(secondsSince1970: machine.now.secondsSince1970 + 10)
        let preview = try machine.remove("nobody")
        #expect(preview.expired.map(\.description) == ["short"])
        #expect(machine.files == [:])
        #expect(machine.engine.simulator.world.points == [])
        #expect(machine.engine.simulator.world.records == [])
    }

    @Test("A mirror whose time is over isn't started, and stands in nobody's way")
    func lateDefinition() throws {
        let machine = try Machine()
        let preview = try machine.put(try machine.mirror("late", until: -1))
        #expect(preview.expired.map(\.description) == ["late"])
        #expect(machine.engine.simulator.world.points == [])
        #expect(machine.files == [:])
        _ = try machine.put(try machine.mirror("ids", until: 5))
        machine.now = Timestamp(secondsSince1970: machine.now.secondsSince1970 + 5)
        #expect(try machine.put(try machine.mirror("ids", "c"), new: true).added.map(\.description) == ["ids"])
        #expect(machine.files.count == 1)
    }

    @Test("A time from now counts from the first time: applying the file again doesn't put the end off")
    func relativeTimes() throws {
        let machine = try Machine()
        func define() throws -> Outcome {
            let definition = Request.Definition(
                try machine.mirror("ids", until: 600), isTemporary: false, endIsRelative: true)
            return try machine.reconciler.perform(.load([definition], prune: false), now: machine.now)
        }
        _ = try define()
        let files = machine.files
        machine.now = Timestamp(secondsSince1970: machine.now.secondsSince1970 + 60)
        #expect(try define().isEmpty)
        #expect(machine.files == files)
    }

    @Test("A hand-written time from now becomes an end")
    func handWrittenTime() throws {
        let machine = try Machine()
        try machine.write("version: 1\nmirrors:\n  x:\n    from: a\n    to: b\n    for: 1m\n", "x.yaml")
        _ = try machine.repair()
        #expect(machine.files.values.first?.contains("until: 2027-01-15T08:01:00Z") == true)
        machine.now = Timestamp(secondsSince1970: machine.now.secondsSince1970 + 60)
        #expect(try machine.repair().expired.map(\.description) == ["x"])
    }

    @Test("What runs without a definition is left to whoever names it or asks for everything")
    func leftovers() throws {
        let machine = try Machine()
        _ = try machine.put(try machine.mirror("ids"))
        try Files.remove("\(machine.store.permanentDirectory)/ids.yaml")
        let request = Request.define([Request.Definition(try machine.mirror("web", "c"))])
        #expect(try machine.reconciler.perform(request, now: machine.now).leftovers == [])
        #expect(machine.engine.simulator.world.points.count == 4)
        #expect(try machine.repair().leftovers.map(\.description) == ["ids"])
        #expect(machine.engine.simulator.world.points.count == 2)
    }
}

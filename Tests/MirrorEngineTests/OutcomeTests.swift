import LinuxSystem
import MirrorEngine
import MirrorModel
import MirrorPlan
import PlanSimulation
import Testing

@Suite struct OutcomeTests {
    private let machine: Machine
    private let ids: MirrorName

    init() throws {
        machine = try Machine()
        ids = try MirrorName("ids")
    }

    @Test("What was done is seen to be there, and the status is of after the act") func confirmed() throws {
        let outcome = try machine.put(try machine.mirror("ids"))
        #expect(outcome.verification == .confirmed && outcome.isComplete)
        #expect(outcome.status.mirrors.map(\.name) == [ids] && outcome.status.time == machine.now)
        #expect(outcome.status(of: ids)?.state == .active && outcome.status(of: ids)?.points.count == 2)
        #expect(outcome.observed.points.isEmpty, "what was seen before stays that")
    }

    @Test("What the machine took and doesn't hold is told, with the steps that are to be done again")
    func incomplete() throws {
        machine.engine.afterwards = { $0.points.removeAll { $0.hook == .egress } }
        let outcome = try machine.put(try machine.mirror("ids"))
        guard case .incomplete(let steps) = outcome.verification else {
            Issue.record("\(outcome.verification)")
            return
        }
        #expect(steps.count == 1 && steps.allSatisfy { $0.mirror == ids })
        #expect(!outcome.isComplete)
        #expect(outcome.status(of: ids)?.state == .degraded)
        machine.engine.afterwards = nil
        #expect(try machine.repair().verification == .confirmed)
    }

    @Test("If it can't be looked at after the act, that is told, and what was done stays done") func unknown() throws {
        machine.engine.afterwards = { _ in throw UserError("it is dark") }
        let outcome = try machine.put(try machine.mirror("ids"))
        #expect(outcome.verification == .unknown("it is dark"))
        #expect(outcome.status(of: ids)?.state == .active, "as it would be")
        #expect(machine.engine.simulator.world.points.count == 2 && machine.files.count == 1)
    }

    @Test("A port that goes in the middle of it makes the mirror wait, and the outcome says so") func gone() throws {
        machine.engine.afterwards = { world in
            var rest = Topology()
            for port in world.topology.ports.values where port.name.description != "b" { rest.insert(port) }
            world.topology = rest
            world.points.removeAll()
        }
        let outcome = try machine.put(try machine.mirror("ids"))
        #expect(outcome.status(of: ids)?.state == .waiting)
    }

    @Test("Nothing to do, or only looked at: nothing is confirmed, and the status is told") func notActed() throws {
        let definition = Request.Definition(try machine.mirror("ids"))
        let preview = try machine.reconciler.preview(.define([definition]), now: machine.now)
        #expect(preview.verification == .notActed && preview.status(of: ids)?.state == .active)
        #expect(machine.engine.simulator.world.points.isEmpty && machine.files.isEmpty)
        _ = try machine.put(definition.mirror)
        let again = try machine.reconciler.perform(.define([definition]), now: machine.now)
        #expect(again.isEmpty && again.verification == .notActed && again.status(of: ids)?.state == .active)
    }

    @Test("The status is that of the mirrors that were asked for") func scope() throws {
        _ = try machine.put(try machine.mirror("other", "c"))
        let outcome = try machine.reconciler.perform(
            .define([Request.Definition(try machine.mirror("ids"))]), now: machine.now)
        #expect(outcome.status.mirrors.map(\.name) == [ids])
        #expect(try machine.repair().status.mirrors.count == 2)
    }
}

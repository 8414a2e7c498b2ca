import Diagnosis
import MirrorModel
import MirrorPlan
import TestSupport
import Testing

extension ConformanceTests {
    /// What random machines have found, kept: their draws change with the code that draws.
    @Suite struct FoundOnceTests {
        @Test("A copy that gets into a bridge moves its station there") func copyMovesStation() throws {
            var machine = try Machine(members: ["vnet0", "vnet1"], alone: ["eth2"])
            try machine.addCable("cable3", "cable4", bridge: "sw0")
            try machine.mirror("aside", [("eth2", .ingress)], to: ["cable4"])
            try machine.send(.broadcast, from: "vnet0")
            // The same station is behind the cable then, as far as the bridge can tell.
            try machine.send(.broadcast, from: "eth2")
            machine.scenario.injections[1].frame.bytes.replaceSubrange(
                6..<12, with: Scenario.Station.address(0, 1).bytes)
            try machine.send(Scenario.Station.address(0, 1), from: "vnet1")
            try machine.expectAgreement()
        }

        @Test("A copy that would come back into the bridge of its original is refused") func copyComesBack() throws {
            var machine = try Machine(members: ["vnet0", "vnet1"])
            try machine.addCable("cable2", "cable3", bridge: "sw0")
            try machine.mirror("back", [("vnet0", .ingress)], to: ["cable3"])
            guard case .refused([.leak]) = run(machine.scenario) else {
                Issue.record("it wasn't refused as it should be")
                return
            }
        }

        @Test("A frame that is flooded out of two watched ports is copied twice, and the plan says so")
        func floodedTwice() throws {
            var machine = try Machine(members: ["vnet0", "vnet1", "vnet2"], alone: ["eth3"])
            try machine.mirror("both", [("vnet1", .egress), ("vnet2", .egress)], to: ["eth3"])
            try machine.send(.broadcast, from: "vnet0")
            let tally = try machine.expectAgreement()
            #expect(tally?.isBySpecification == false)
            #expect(tally?.copies == 2)
        }

        @Test("A mirror that waits reserves nothing") func waitingReserve() throws {
            var machine = try Machine(members: ["vnet0", "vnet1"])
            try machine.mirror("waits", [("gone0", .ingress)], to: ["vnet1"]) { $0.reserve = true }
            try machine.send(.broadcast, from: "vnet0")
            try machine.expectAgreement()
        }

        @Test("An output that gets its offloads back when it is reserved is given all back at the end")
        func preparedAndRestored() throws {
            var machine = try Machine(members: ["vnet0", "vnet1", "vnet2"])
            try machine.mirror("first", [("vnet0", .ingress)], to: ["vnet2"])
            try machine.mirror("second", [("vnet1", .ingress)], to: ["vnet2"]) { mirror in
                mirror.reserve = true
                mirror.keepOffloads = true
            }
            machine.scenario.isStepwise = true
            try machine.send(.broadcast, from: "vnet0")
            try machine.expectAgreement()
        }

        @Test("A loop that only another mirror's reserved output cuts is a loop: that one can be removed")
        func cutByAnother() throws {
            var machine = try Machine(members: ["vnet0", "vnet1"])
            try machine.addCable("cable2", "cable3", bridge: "sw0")
            try machine.mirror("to-cable", [("vnet1", .egress)], to: ["cable3"])
            try machine.mirror("reserves", [("vnet0", .ingress)], to: ["vnet1"]) { $0.reserve = true }
            guard case .refused([.loop]) = run(machine.scenario) else {
                Issue.record("it wasn't refused as it should be")
                return
            }
        }

        @Test("A mirror before one that loops isn't refused for what the other does") func beforeALoop() throws {
            var machine = try Machine(members: ["vnet0"], alone: ["eth1"])
            try machine.mirror("first", [("vnet0", .ingress)], to: ["eth1"])
            try machine.mirror("loops", [("eth1", .egress), ("vnet0", .egress)], to: ["vnet0"])
            guard case .refused(let rules) = run(machine.scenario) else {
                Issue.record("it wasn't refused as it should be")
                return
            }
            #expect(!rules.contains(.capability))
        }

        @Test("A tap doesn't hear what the host sends through a port without carrier; the kernel copies it")
        func nothingLeaves() throws {
            var machine = try Machine(members: ["vnet0"], alone: ["eth1", "eth2", "eth3"])
            machine.scenario.layout.ports[1].end = .vm(isUp: false)
            try machine.mirror("tapped", [("eth1", .both)], to: ["eth2"]) { $0.engine = .tap }
            try machine.mirror("kernel", [("eth1", .both)], to: ["eth3"]) { $0.engine = .tc }
            try machine.send(.broadcast, from: "vnet0")
            machine.scenario.injections[0].entry = .host(try PortName("eth1"))
            #expect(try machine.expectAgreement()?.copies == 1)
        }

        @Test("What a tap sends to an output that is down, has no carrier or isn't there has failed")
        func deadOutputs() throws {
            var machine = try Machine(members: ["vnet0"], alone: ["eth1", "eth2", "eth3"])
            machine.scenario.layout.ports[1].isUp = false
            machine.scenario.layout.ports[2].end = .vm(isUp: false)
            try machine.mirror("tapped", [("vnet0", .ingress)], to: ["eth1", "eth2", "gone0", "eth3"]) {
                $0.engine = .tap
            }
            try machine.send(.broadcast, from: "vnet0")
            let tally = try machine.expectAgreement()
            #expect(tally?.copies == 1)
            #expect(tally?.failedCopies == 3)
        }

        @Test("A tap of a bridge device has what comes to the host, and shows others no more of it")
        func bridgeDeviceStaysClosed() throws {
            var machine = try Machine(members: ["vnet0", "vnet1"], alone: ["eth2", "eth3", "eth4"])
            try machine.mirror("tapped", [("sw0", .ingress)], to: ["eth2"]) { $0.engine = .tap }
            try machine.mirror("egress", [("sw0", .egress)], to: ["eth4"]) { $0.engine = .tap }
            try machine.mirror("kernel", [("sw0", .ingress)], to: ["eth3"]) { $0.engine = .tc }
            try machine.send(.broadcast, from: "vnet0")
            try machine.send(Scenario.Station.address(0, 1), from: "vnet1")
            #expect(try machine.expectAgreement()?.copies == 2)
        }
    }
}

/// A scenario made by hand: one bridge `sw0`, and ports by name.
private struct Machine {
    var scenario: Scenario

    init(members: [String], alone: [String] = []) throws {
        let bridge = try PortName("sw0")
        let members = try members.map { (try PortName($0), Optional(bridge)) }
        let others = try alone.map { (try PortName($0), PortName?.none) }
        let ports = (members + others).enumerated().map { number, port in
            LabLayout.Port(name: port.0, address: MACAddress(2, 2, 0, 0, 0, UInt8(number)), bridge: port.1)
        }
        let layout = LabLayout(
            bridges: [LabLayout.Bridge(name: bridge, address: MACAddress(2, 1, 0, 0, 0, 0))], ports: ports)
        scenario = Scenario(layout: layout, mirrors: [], injections: [])
    }

    /// The first end is in the bridge, the second stands alone.
    mutating func addCable(_ left: String, _ right: String, bridge: String) throws {
        let names = (try PortName(left), try PortName(right))
        let number = UInt8(scenario.layout.ports.count)
        scenario.layout.ports += [
            LabLayout.Port(
                name: names.0, address: MACAddress(2, 2, 0, 0, 0, number), bridge: try PortName(bridge),
                end: .port(names.1)),
            LabLayout.Port(
                name: names.1, address: MACAddress(2, 2, 0, 0, 0, number + 1), bridge: nil, end: .port(names.0)),
        ]
    }

    mutating func mirror(
        _ name: String, _ sources: [(String, Direction)], to outputs: [String],
        change: (inout Mirror) -> Void = { _ in }
    ) throws {
        var mirror = Mirror(
            name: try MirrorName(name), sources: try sources.map { .port(try PortName($0.0), $0.1) },
            outputs: try outputs.map { .port(try PortName($0)) })
        change(&mirror)
        scenario.mirrors.append(mirror)
    }

    /// The first station behind the port sends.
    mutating func send(_ destination: MACAddress, from port: String) throws {
        let name = try PortName(port)
        let number = scenario.layout.ports.firstIndex { $0.name == name } ?? 0
        let payload = [UInt8](repeating: UInt8(scenario.injections.count), count: 46)
        scenario.injections.append(
            Scenario.Injection(
                frame: Frame(
                    destination: destination, source: Scenario.Station.address(number, 1), etherType: 0x88b6,
                    payload: payload),
                entry: .vm(name)))
    }

    @discardableResult func expectAgreement() throws -> Tally? {
        switch run(scenario) {
        case .passed(let tally): return tally
        case .refused(let rules): Issue.record("refused for \(rules)")
        case .failed(let mismatches):
            Issue.record("\(mismatches.map(\.description).joined(separator: "\n"))\n\(scenario)")
        }
        return nil
    }
}

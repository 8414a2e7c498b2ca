import Diagnosis
import MirrorModel
import MirrorPlan
import Testing

/// A port is found by its interface name or any of its altnames.
@Suite struct AltnameTests {
    private let now = Timestamp(secondsSince1970: 1_000_000)
    private let long = "vm-alice-net0-with-a-name-of-more-than-15-bytes"

    /// The usual machine, with altnames for vnet0, vnet2 and br0.
    private func usual() throws -> Lab {
        var lab = try Lab.usual()
        for (port, names) in [("vnet0", [long, "alice"]), ("vnet2", ["sensor"]), ("br0", ["lan"])] {
            let names = try names.map { try PortName($0) }
            try lab.change(port) { $0.altnames = names }
        }
        return lab
    }

    /// A mirror as it is written, in the plan as the reconciler has it.
    private func lab(_ sources: [String], to outputs: [String], _ lab: Lab? = nil) throws -> Lab {
        var lab = try lab ?? usual()
        let written = try lab.mirror("m", sources, to: outputs)
        lab.desired = [
            DesiredMirror(mirror: written.resolved(in: lab.observed.topology), written: written, match: .everything)
        ]
        return lab
    }

    @Test("By whichever name a port is given, the steps are the same") func sameSteps() throws {
        let expected = try lab(["vnet0:ingress"], to: ["vnet2"]).steps()
        #expect(!expected.isEmpty)
        for source in ["\(long):ingress", "alice:ingress"] {
            #expect(try lab([source], to: ["sensor"]).steps() == expected)
        }
        #expect(try lab(["bridge lan"], to: ["sensor"]).steps() == lab(["bridge br0"], to: ["vnet2"]).steps())
    }

    @Test("An altname that is nobody's waits for a port of that name") func nobodys() throws {
        let status = try #require(
            statuses(of: lab(["bob"], to: ["sensor"]).desired, observed: usual().observed, now: now).first)
        #expect(status.state == .waiting && status.reason == "bob doesn't exist yet")
    }

    @Test("An interface's own name goes before another's altname") func ownNameFirst() throws {
        var lab = try usual()
        let name = try PortName("vnet0")
        try lab.change("vnet1") { $0.altnames = [name] }
        #expect(lab.observed.topology.ownName(of: try PortName("vnet0")) == (try PortName("vnet0")))
    }

    @Test("A rename changes nothing of what is to be, nor does what is shown") func rename() throws {
        var lab = try lab(["alice"], to: ["sensor"])
        try lab.apply()
        var port = try lab.port("vnet0")
        // In one step, as the next look at the machine shows it.
        var ports = lab.observed.topology.ports.values.filter { $0.name != port.name }
        port.name = try PortName("renamed0")
        ports.append(port)
        lab.observed.topology = Topology(ports)
        let written = lab.desired[0].written
        lab.desired = [
            DesiredMirror(mirror: written.resolved(in: lab.observed.topology), written: written, match: .everything)
        ]
        #expect(lab.steps() == [])
        let status = try #require(statuses(of: lab.desired, observed: lab.observed, now: now).first)
        #expect(status.state == .active, "\(status.reason)")
        #expect(status.sources.map(\.source) == [.port(try PortName("alice"), .both)])
        #expect(status.sources.map(\.interface) == [try PortName("renamed0")])
        #expect(status.outputs.map(\.interface) == [try PortName("vnet2")])
        #expect(status.mirror == written)
    }

    @Test("The same port by two names is refused as given twice, and so is one that is source and output")
    func twice() throws {
        for (sources, outputs) in [(["vnet0", "alice"], ["sensor"]), (["vnet0"], ["vnet2", "sensor"])] {
            let refusal = try #require(lab(sources, to: outputs).refusals().first)
            #expect(refusal.rule == .twice && refusal.message.contains("by two names of the same port"))
        }
        #expect(try lab(["alice:ingress", "vnet0:egress"], to: ["sensor"]).refusals() == [])
        #expect(try lab(["vnet0"], to: ["alice"]).refusals().first?.rule == .outputIsSource)
    }

    @Test("A port whose altname goes is found by it no longer") func gone() throws {
        var lab = try usual()
        #expect(lab.observed.topology.ownName(of: try PortName("alice")) == (try PortName("vnet0")))
        try lab.change("vnet0") { $0.altnames = [] }
        #expect(lab.observed.topology.ownName(of: try PortName("alice")) == (try PortName("alice")))
    }
}

import MirrorModel
import MirrorPlan
import Testing

/// The machine as it would be without some mirrors, for `explain`.
@Suite struct UndoneTests {
    private let harmful: Set<String> = ["tx-tcp-segmentation"]

    private func lab() throws -> Lab {
        var lab = try Lab.usual()
        lab.observed.offloads[try lab.index("vnet2")] = OffloadState(harmful: harmful, wanted: harmful)
        return lab
    }

    @Test("A mirror explained while it runs is explained as before it ran")
    func mirrorExplainedWhileRuns() throws {
        var lab = try lab()
        try lab.mirror("m", ["vnet0"], to: ["vnet2"]) { $0.reserve = true }
        let before = lab.steps()
        try lab.apply()
        let names: Set<MirrorName> = [try MirrorName("m")]
        lab.observed = lab.observed.without(names, desired: lab.desired)
        #expect(lab.steps() == before)
    }

    @Test("What a mirror needs of an output is explained, though another one needs it too")
    func sharedOutputExplained() throws {
        var lab = try lab()
        try lab.mirror("m", ["vnet0:ingress"], to: ["vnet2"]) { $0.reserve = true }
        let alone = lab.steps()
        try lab.mirror("n", ["vnet0:egress"], to: ["vnet2"])
        try lab.apply()
        let name = try MirrorName("m")
        lab.observed = lab.observed.without([name], desired: lab.desired)
        let prepares = alone.filter { $0.contains("vnet2") }
        #expect(!prepares.isEmpty)
        #expect(lab.plan(.only([name])).steps.map(\.description) == prepares)
    }

    @Test("What others alone need of an output stays") func otherMirrorsUseStays() throws {
        var lab = try lab()
        try lab.mirror("m", ["vnet0:ingress"], to: ["eth0"])
        try lab.mirror("n", ["vnet0:egress"], to: ["vnet2"])
        try lab.apply()
        lab.observed = lab.observed.without([try MirrorName("m")], desired: lab.desired)
        #expect(lab.steps() == ["copy vnet0 ingress to eth0"])
    }
}

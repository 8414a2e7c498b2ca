import Diagnosis
import MirrorModel
import MirrorPlan
import Testing

@Suite("What the plan finds is values, with a code and the evidence") struct FindingTests {
    private func found(_ findings: [Finding]) -> [String: [String: [String]]] {
        Dictionary(findings.map { ($0.code.rawValue, $0.statement.evidence) }, uniquingKeysWith: { first, _ in first })
    }

    @Test("A loop tells its way, port by port") func loop() throws {
        var lab = try Lab.usual()
        try lab.mirror("m", ["vnet0"], to: ["br0"])
        let way = try #require(found(lab.refusals())["loop"]?["way"])
        #expect(way.first == "vnet0" && way.last == "vnet0" && way.contains("br0"))
        #expect(lab.refusals().first?.advice == "Choose an output from which no frame gets back to a source")
    }

    @Test("What no engine can tells the engines that were asked, and those that could") func capability() throws {
        var lab = try Lab.usual()
        try lab.mirror("m", ["vnet0"], to: ["vnet2"]) {
            $0.snaplen = 96
            $0.engine = .tc
        }
        let refusal = try #require(lab.refusals().first)
        #expect(refusal.code == .capability && refusal.rule == .capability && !refusal.stopsWhatRuns)
        #expect(
            refusal.statement.evidence == [
                "engines": ["tc"], "obstacles": ["the tc engine can't cut copies (--snaplen)"], "others": ["tap"],
            ])
        #expect(refusal.advice == "say --engine tap")
    }

    @Test("A refusal is more exact than its rule") func moreExact() throws {
        var lab = try Lab.usual()
        try lab.mirror("m", ["bridge eth0", "any"], to: ["vnet2"])
        #expect(lab.refusals().map(\.rule) == [.wrongKind, .wrongKind])
        #expect(Set(lab.refusals().map(\.code)) == [.notABridge, .anyIsNoPort])
    }

    @Test("A warning has numbers apart, and the advice is a command") func warning() throws {
        var lab = try Lab.usual()
        try lab.change("vnet0") { $0.mtu = 9_000 }
        try lab.mirror("m", ["vnet0:ingress"], to: ["vnet2"])
        let warning = try #require(lab.plan().warnings.first)
        #expect(warning.code == .outputMTU && warning.rule == nil)
        #expect(
            warning.statement.evidence == [
                "output": ["vnet2"], "room": ["1500"], "source": ["vnet0"], "mtu": ["9000"],
            ])
        #expect(warning.advice == "ip link set vnet2 mtu 9000")
    }

    @Test("An output that can't have a larger MTU is no advice") func impossible() throws {
        var lab = try Lab.usual()
        try lab.change("vnet0") { $0.mtu = 9_000 }
        try lab.change("vnet2") { $0.maximumMTU = 1_500 }
        try lab.mirror("m", ["vnet0:ingress"], to: ["vnet2"])
        let warning = try #require(lab.plan().warnings.first)
        #expect(warning.message.hasSuffix("(the MTU of vnet2 can't be more than 1500)"))
        #expect(warning.advice == "choose an output with a larger MTU")
    }

    @Test("A note says what has to run") func note() throws {
        var lab = try Lab.usual()
        try lab.mirror("m", ["vnet0"], to: ["vnet2"]) { $0.snaplen = 96 }
        let note = try #require(lab.plan().notes.first)
        #expect(note.code == .engineChoice && note.statement.evidence["engine"] == ["tap"])
        #expect(note.advice == "keep 'portmirror run m' running")
    }
}

import MirrorModel
import ReferenceModel
import Synchronization
import Testing

/// Counts calls of a `@Sendable` closure.
final class Counter: Sendable {
    private let calls = Mutex(0)
    var value: Int { calls.withLock { $0 } }

    func increment() -> Int {
        calls.withLock {
            $0 += 1
            return $0
        }
    }
}

@Suite("What becomes of copies") struct CopyTests {
    @Test("8: a mirror of another's output sees its copies, as they were cut, each as a frame of its own")
    func chains() throws {
        var lab = try Lab.usual()
        try lab.add("n")
        try lab.mirror("first", [("a", .both), ("b", .both)], to: "m") { $0.snaplen = 20 }
        try lab.mirror("other", [("a", .both)], to: "m")
        try lab.mirror("second", [("m", .egress)], to: "n")
        var model = lab.model()
        let whole = frame(Station.a, Station.b)
        let trace = try model.receive(whole, at: "a")
        #expect(try trace.copies("second", "n") == [whole.truncated(to: 20), whole])
        #expect(trace.copied == ["wire n", "wire m", "wire n", "wire m"])
        #expect(trace.path == ["a:ingress", "m:egress", "n:egress", "m:egress", "n:egress", "b:egress", "c:egress"])
    }

    @Test("8: a loop of mirrors, that is never applied, ends all the same") func loop() throws {
        var lab = try Lab.usual()
        try lab.add("n")
        try lab.mirror("x", [("m", .egress)], to: "n")
        try lab.mirror("y", [("n", .egress)], to: "m")
        var model = lab.model()
        let trace = try model.send(frame(Station.a, Station.b), from: "m")
        #expect(trace.isCutShort)
        #expect(trace.originals == ["wire m"])
    }

    @Test("A copy sent to a member leaves on its wire alone; one sent to a bridge is forwarded by it")
    func bridgeAsOutput() throws {
        var lab = try Lab.usual()
        try lab.addBridge("span", members: ["y", "z"])
        try lab.mirror("x", [("a", .ingress)], to: "span", "y")
        var model = lab.model()
        let trace = try model.receive(frame(Station.a, Station.b), at: "a")
        #expect(trace.copied == ["wire y", "wire z", "wire y"])
        #expect(try trace.copies("x", "span").count == 1)
        #expect(try trace.copies("x", "y").count == 1)
    }

    @Test("A copy that crosses a cable arrives at the other end, where mirrors see it") func copyOverCable() throws {
        var lab = try Lab.usual()
        try lab.addCable("left", "right")
        try lab.mirror("x", [("a", .ingress)], to: "left")
        try lab.mirror("y", [("right", .ingress)], to: "m")
        var model = lab.model()
        let trace = try model.receive(frame(Station.a, Station.b), at: "a")
        #expect(try trace.copies("y", "m") == [frame(Station.a, Station.b)])
        #expect(trace.copied == ["wire left", "wire m", "host right"])
    }

    @Test("11: sources and outputs that don't exist yet are no error") func waiting() throws {
        var lab = try Lab.usual()
        try lab.mirror("x", [("gone", .both), ("a", .ingress)], to: "m")
        var model = lab.model()
        #expect(try model.receive(frame(Station.a, Station.b), at: "a").copyPoints("x") == ["a:ingress"])
    }

    @Test("12: what an output can't take is counted as failed, the others get theirs") func failures() throws {
        var lab = try Lab.usual()
        try lab.add("down")
        try lab.change("down") { $0.isUp = false }
        try lab.add("unplugged")
        try lab.change("unplugged") { $0.hasCarrier = false }
        try lab.mirror("x", [("a", .ingress)], to: "gone", "down", "unplugged", "m")
        try lab.mirror("y", [("unplugged", .egress)], to: "m")
        var model = lab.model()
        let trace = try model.receive(frame(Station.a, Station.b), at: "a")
        #expect(trace.copyPoints("x") == ["a:ingress failed", "a:ingress failed", "a:ingress failed", "a:ingress"])
        #expect(trace.copyPoints("y") == [])
        #expect(try trace.copies("x", "down") == [])
        for output in ["gone", "down", "unplugged", "m"] {
            let copy = Copy(
                mirror: try MirrorName("x"), output: .port(try PortName(output)),
                point: Point(try PortName("a"), .ingress))
            let expected = CopyCounters(delivered: output == "m" ? 1 : 0, failed: output == "m" ? 0 : 1)
            #expect(trace.counters[copy] == expected)
            #expect(expected.selected == 1)
        }
    }

    @Test("12: counters are kept apart by point, and traces add up") func counters() throws {
        var lab = try Lab.usual()
        lab.traits = .trafficControl
        try lab.mirror("x", [("a", .both)], to: "m")
        var model = lab.model()
        var sum = Trace()
        sum.add(try model.receive(frame(Station.a, Station.b), at: "a"))
        sum.add(try model.receive(frame(Station.b, Station.a), at: "b"))
        sum.add(try model.receive(frame(Station.b, Station.a), at: "b"))
        let x = try MirrorName("x")
        let m = Output.port(try PortName("m"))
        let a = try PortName("a")
        #expect(sum.counters.count == 2)
        #expect(sum.counters[Copy(mirror: x, output: m, point: Point(a, .ingress))] == CopyCounters(delivered: 1))
        #expect(sum.counters[Copy(mirror: x, output: m, point: Point(a, .egress))] == CopyCounters(delivered: 2))
        #expect(
            sum.copyMultisets[Trace.Route(x, m)]?.counts == [
                frame(Station.a, Station.b): 1, frame(Station.b, Station.a): 2,
            ])
    }

    @Test("Multisets count what is missing and what is too many") func multisets() {
        var left = Multiset(["a", "a", "b"])
        let right = Multiset(["a", "c"])
        #expect(left.subtracting(right).counts == ["a": 1, "b": 1])
        #expect(right.subtracting(left).counts == ["c": 1])
        #expect(left.subtracting(left).isEmpty)
        left.add(right)
        #expect(left["a"] == 3 && left["c"] == 1 && left["d"] == 0 && left.total == 5)
        left.add("d", times: 0)
        #expect(left == Multiset(["c", "b", "a", "a", "a"]))
    }
}

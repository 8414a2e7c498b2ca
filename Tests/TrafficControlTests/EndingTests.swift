import MirrorModel
import MirrorPlan
import Netlink
import RouteNetlink
import Testing

@testable import TrafficControl

/// How filters of others are read, and what the kernel's counters can say.
@Suite struct EndingTests {
    /// A filter for every frame with gact or mirred actions, each with its control (`TC_ACT_*`).
    private func filter(_ actions: [(kind: String, control: Int32)], etherType: UInt16 = 3, kind: String = "matchall")
        throws -> ForeignFilter
    {
        var writer = PayloadWriter()
        writer.append(UInt32(0))
        writer.append(Int32(4))
        writer.append(UInt32(1))
        writer.append(TcHook.ingress.parent)
        writer.append(UInt32(50) << 16 | UInt32(etherType.bigEndian))
        writer.attribute(1, string: kind)
        writer.nest(2) { options in
            options.nest(kind == "bpf" ? 1 : 2) { list in
                for (offset, action) in actions.enumerated() {
                    list.nest(UInt16(offset + 1)) { one in
                        one.attribute(1, string: action.kind)
                        one.nest(2) { parameters in
                            var numbers = PayloadWriter()
                            for number in [1, 0, action.control, 1, 1, 2, 7] as [Int32] { numbers.append(number) }
                            parameters.attribute(2, bytes: numbers.bytes)
                        }
                    }
                }
            }
        }
        let request = NetlinkRequest(type: 44, payload: writer, operation: "", object: "")
        let message = try #require(NetlinkMessage.parse(request.bytes(sequence: 1)[...]).first)
        return ForeignFilter(try Filter(message), at: .ingress)
    }

    @Test("Whether a filter lets those behind it see its frames goes by its actions, in their order")
    func endings() throws {
        let cases: [([(String, Int32)], ForeignFilter.Ending)] = [
            ([], .always), ([("gact", 0)], .always), ([("gact", 2)], .always), ([("gact", -1)], .never),
            ([("mirred", 3)], .always), ([("mirred", -1)], .never), ([("mirred", 3), ("gact", -1)], .never),
            ([("mirred", -1), ("gact", 2)], .never), ([("gact", 3), ("mirred", 4)], .always),
            ([("pedit", 3)], .unknown), ([("gact", 0x2000_0001)], .unknown), ([("gact", 0), ("pedit", 3)], .always),
        ]
        for (actions, expected) in cases {
            let read = try filter(actions.map { (kind: $0.0, control: $0.1) })
            #expect(read.ending == expected, "\(actions)")
            #expect(read.takesAll)
        }
        #expect(try !filter([("gact", 0)], etherType: 0x0800).takesAll)
        // A program decides by itself.
        #expect(try filter([], kind: "bpf").ending == .unknown)
    }

    @Test("A count of failures that may have begun again at 0 is told as what there were at least")
    func wrap() {
        func counters(_ packets: UInt64, _ overlimits: UInt32) -> Counters {
            var counted = ActionCounters()
            counted.packets = packets
            counted.bytes = packets * 100
            counted.overlimits = overlimits
            return Counters(counted)
        }
        let few = counters(1 << 32 - 1, .max)
        #expect(!few.failuresAreMinimum && few.deliveredPackets == 0)
        let many = counters(1 << 32, 5)
        #expect(many.failuresAreMinimum && many.failedPackets == 5)
        #expect((few + many).failuresAreMinimum)
        // More failures than packets can't be: the packets' own counter began again.
        let old = counters(3, 10)
        #expect(old.failuresAreMinimum && old.selectedPackets == 1 << 32 + 3 && old.deliveredPackets == 1 << 32 - 7)
        #expect(old.selectedPackets == old.deliveredPackets + old.failedPackets)
    }
}

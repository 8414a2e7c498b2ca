import Netlink
import Testing

@testable import RouteNetlink

/// What may come of an action, as the kernel writes it: `tcf_gact_dump`, `tcf_police_dump`.
@Suite struct ActionResultTests {
    private func action(_ kind: String, _ options: (inout PayloadWriter) -> Void) -> TcAction {
        var writer = PayloadWriter()
        writer.attribute(1, string: kind)
        writer.nest(2, options)
        return TcAction(Attributes(writer.bytes[...]))
    }

    private func numbers(_ numbers: [Int32]) -> [UInt8] {
        var writer = PayloadWriter()
        for number in numbers { writer.append(number) }
        return writer.bytes
    }

    @Test("An action's result is read from its kind's own parameters") func results() {
        // tc_gen: index, capabilities, action.
        #expect(action("gact") { $0.attribute(2, bytes: numbers([1, 0, 2, 1, 1])) }.results == [2])
        // tc_gact_p: at random, another.
        let random = action("gact") { options in
            options.attribute(2, bytes: numbers([1, 0, 2, 1, 1]))
            options.attribute(3, bytes: numbers([1, 0]))
        }
        #expect(random.results == nil)
        // tc_police: index, action; the result of what conforms is left out if it is TC_ACT_OK.
        #expect(action("police") { $0.attribute(1, bytes: numbers([1, 2, 0, 0])) }.results == [2, 0])
        let handingOn = action("police") { options in
            options.attribute(1, bytes: numbers([1, 2, 0, 0]))
            options.attribute(5, Int32(-1))
        }
        #expect(handingOn.results == [2, -1])
        #expect(action("mirred") { $0.attribute(2, bytes: numbers([1, 0, 3, 1, 1, 2, 7])) }.results == [3])
        #expect(action("pedit") { $0.attribute(2, bytes: numbers([1, 0, 3])) }.results == nil)
        #expect(action("gact") { _ in }.results == nil)
        #expect(action("gact") { $0.attribute(2, bytes: [1, 2, 3]) }.results == nil)
    }

    @Test("A policer of a u32 filter in the old form is an action of it, and the filter still matches everything")
    func oldPolicer() throws {
        var writer = PayloadWriter()
        for value in [0, 4, 0x0800_0800, 0, 0x0100_0300] as [Int32] { writer.append(value) }
        writer.attribute(1, string: "u32")
        writer.nest(2) { options in
            options.attribute(5, bytes: [1, 0, 1] + [UInt8](repeating: 0, count: 29))
            options.nest(6) { $0.attribute(1, bytes: numbers([1, 2, 0, 0])) }
        }
        let filter = try Filter(message(44, payload: writer.bytes))
        #expect(filter.classifier == .u32Everything)
        #expect(filter.actions.map(\.kind) == ["police"] && filter.actions.first?.results == [2, 0])
    }
}

import Netlink
import Testing

@testable import RouteNetlink

@Suite struct TrafficTests {
    @Test("Queueing disciplines of every kind") func queueingDisciplinesEveryKind() throws {
        let qdiscs = try messages(CapturedTraffic.qdiscs).map { try Qdisc($0) }
        let hooks = qdiscs.filter { $0.parent == QdiscRequest.hookParent }
        #expect(hooks.map(\.interfaceIndex) == [4, 5])
        #expect(hooks.map(\.kind) == ["clsact", "ingress"])
        #expect(hooks.allSatisfy { $0.handle == 0xffff_0000 })
        let htb = try #require(qdiscs.first { $0.kind == "htb" })
        #expect(htb.interfaceIndex == 4)
        #expect(htb.handle == 0x1_0000)
        #expect(htb.parent == 0xffff_ffff)
        #expect(qdiscs.contains { $0.kind == "noqueue" && $0.interfaceIndex == 5 })
    }

    @Test("Filters as they hang on a hook, in their order") func filtersTheyHangOn() throws {
        let filters = try messages(CapturedTraffic.ingressFilters).map { try Filter($0) }
        let real = filters.filter { $0.classifier != .scaffold }
        #expect(filters.count == 10)
        #expect(real.map(\.preference) == [256, 257, 500, 600])
        #expect(real.map(\.kind) == ["u32", "bpf", "u32", "bpf"])
        #expect(real.map(\.handle) == [0x8000_0800, 1, 0x8010_0800, 1])
        #expect(real.map(\.etherType) == [3, 3, 0x0800, 3])
        #expect(real.allSatisfy { $0.interfaceIndex == 4 && $0.parent == TcHook.ingress.parent && $0.chain == 0 })
    }

    @Test("A u32 filter that compares nothing matches everything; one with keys doesn't")
    func u32FilterComparesNothing() throws {
        let filters = try messages(CapturedTraffic.ingressFilters).map { try Filter($0) }
        #expect(filters.filter { $0.classifier == .u32Everything }.map(\.preference) == [256])
        let keyed = try #require(filters.first { $0.preference == 500 && $0.classifier != .scaffold })
        guard case .u32(let keys) = keyed.classifier else {
            Issue.record("\(keyed.classifier)")
            return
        }
        #expect(keys.contains { $0.mask != 0 }, "\(keys)")
    }

    @Test("A u32 filter with one key matches everything only if the key compares nothing") func singleKey() throws {
        func filter(mask: UInt32, keys: UInt8 = 1) throws -> Filter {
            var writer = PayloadWriter()
            for value in [0, 4, 0x0800_0800, 0, 0x0100_0300] as [Int32] { writer.append(value) }
            writer.attribute(1, string: "u32")
            writer.nest(2) { options in
                var selector = PayloadWriter()
                // struct tc_u32_sel of 16 bytes, then a key: mask, value, offset, offset mask.
                selector.append([1, 0, keys] + Array(repeating: 0, count: 13))
                selector.append(mask)
                for value in [0, 0, 0] as [UInt32] { selector.append(value) }
                options.attribute(5, bytes: selector.bytes)
            }
            return try Filter(message(44, payload: writer.bytes))
        }
        #expect(try filter(mask: 0).classifier == .u32Everything)
        #expect(
            try filter(mask: UInt32(0xff00_0000).bigEndian).classifier
                == .u32([U32Key(mask: 0xff00_0000, value: 0, offset: 0)]))
        #expect(try filter(mask: 0, keys: 2).classifier == .other)
        #expect(try filter(mask: 0, keys: 0).classifier == .u32([]))
    }

    @Test("A mirred action, its cookie and its counters") func mirredActionCookieCounters() throws {
        let filters = try messages(CapturedTraffic.ingressFilters).map { try Filter($0) }
        let action = try #require(filters.first { $0.classifier == .u32Everything }?.actions.first)
        #expect(action.kind == "mirred")
        #expect(action.cookie == [0xf7] + Array("ids".utf8))
        #expect(action.mirred == Mirred(index: 1, control: .continue, target: 5))
        #expect(action.counters.packets == 3)
        #expect(action.counters.bytes == 84)
        #expect(action.counters.overlimits == 3)
        #expect(action.counters.drops == 0)
    }

    @Test("Bytecode, and several actions in the order in which they run")
    func bytecodeSeveralActionsOrder() throws {
        let filters = try messages(CapturedTraffic.ingressFilters).map { try Filter($0) }
        let filter = try #require(filters.first { $0.preference == 257 && $0.classifier != .scaffold })
        #expect(
            filter.classifier
                == .bpf([
                    SocketFilter(code: 40, jumpTrue: 0, jumpFalse: 0, constant: 12),
                    SocketFilter(code: 21, jumpTrue: 0, jumpFalse: 1, constant: 0x0806),
                    SocketFilter(code: 6, jumpTrue: 0, jumpFalse: 0, constant: 262_144),
                    SocketFilter(code: 6, jumpTrue: 0, jumpFalse: 0, constant: 0),
                ]))
        #expect(filter.actions.map(\.mirred?.target) == [2, 5])
        #expect(filter.actions.map(\.mirred?.control) == [.pipe, .continue])
        #expect(filter.actions.map(\.mirred?.manner) == [.egressMirror, .egressMirror])
        #expect(filter.actions.map(\.mirred?.index) == [2, 3])
        #expect(filter.actions.allSatisfy { $0.cookie == [0xf7] + Array("web".utf8) })
    }

    @Test("A direct-action program is a filter without actions")
    func directactionProgramFilterWithout() throws {
        let filters = try messages(CapturedTraffic.ingressFilters).map { try Filter($0) }
        let filter = try #require(filters.last)
        #expect(filter.kind == "bpf")
        #expect(filter.actions.isEmpty)
        #expect(filter.classifier == .bpf([SocketFilter(code: 6, jumpTrue: 0, jumpFalse: 0, constant: 0)]))
    }

    @Test("A redirect isn't a mirror") func redirectIsntMirror() throws {
        let filters = try messages(CapturedTraffic.egressFilters).map { try Filter($0) }
        let action = try #require(filters.last?.actions.first)
        #expect(filters.last?.parent == TcHook.egress.parent)
        #expect(action.mirred?.manner == .egressRedirect)
        #expect(action.cookie == [])
    }

    @Test("An action by itself, changed in place, keeps its number, cookie and counters")
    func actionByItselfChanged() throws {
        let answer = try #require(messages(CapturedTraffic.action).first)
        // struct tcamsg of 4 bytes, then TCA_ACT_TAB.
        let table = try #require(Attributes(answer.payload.dropFirst(4))[1])
        let actions = TcAction.list(table.attributes)
        #expect(actions.map(\.mirred) == [Mirred(index: 1, control: .continue, target: 2)])
        #expect(actions.map(\.cookie) == [[0xf7] + Array("ids".utf8)])
        #expect(actions.map(\.counters.packets) == [9])
        #expect(actions.map(\.counters.overlimits) == [9])
    }

    @Test("Chains by their numbers") func chainsByTheirNumbers() throws {
        #expect(try messages(CapturedTraffic.chains).map(ChainRequest.number) == [0, 20557])
        #expect(ChainRequest.number(message(100, payload: [1, 2, 3])) == nil)
    }

    // linux/pkt_cls.h; the kernel of the captures has neither matchall nor flower.
    @Test("A matchall filter") func matchallFilter() throws {
        let filter = try Filter(
            message(
                44,
                payload: hex(
                    """
                    00 00 00 00                                # struct tcmsg: family
                    04 00 00 00                                #   index 4
                    01 00 00 00                                #   handle 1
                    f3 ff ff ff                                #   parent: egress of clsact
                    00 03 00 03                                #   pref 768, protocol all
                    0d 00 01 00 6d 61 74 63 68 61 6c 6c 00 00 00 00        # TCA_KIND "matchall"
                    08 00 0b 00 00 00 00 00                    # TCA_CHAIN 0
                    60 00 02 00                                # TCA_OPTIONS
                      08 00 03 00 08 00 00 00                  # TCA_MATCHALL_FLAGS: not in hardware
                      0c 00 04 00 09 00 00 00 00 00 00 00      # TCA_MATCHALL_PCNT
                      48 00 02 00                              # TCA_MATCHALL_ACT
                        44 00 01 00                            # action 1
                          0b 00 01 00 6d 69 72 72 65 64 00 00  # TCA_ACT_KIND "mirred"
                          0b 00 06 00 f7 65 78 61 6d 70 6c 00  # TCA_ACT_COOKIE
                          28 00 02 00                          # TCA_ACT_OPTIONS
                            04 00 09 00                        # an attribute of a later kernel
                            20 00 02 00 07 00 00 00 00 00 00 00 ff ff ff ff 01 00 00 00 01 00 00 00
                            02 00 00 00 00 00 00 00            # TCA_MIRRED_PARMS: the target has gone
                    """)))
        #expect(filter.classifier == .matchall)
        #expect(filter.preference == 768)
        #expect(filter.handle == 1)
        #expect(filter.actions.map(\.mirred) == [Mirred(index: 7, control: .continue, target: 0)])
        #expect(filter.actions.first?.cookie == [0xf7] + Array("exampl".utf8))
    }

    @Test("A flower filter's actions are read, and its keys left") func flowerFilterActionsRead() throws {
        let filter = try Filter(
            message(
                44,
                payload: hex(
                    """
                    00 00 00 00 04 00 00 00 01 00 00 00 f2 ff ff ff 08 00 32 00
                    0b 00 01 00 66 6c 6f 77 65 72 00 00        # TCA_KIND "flower"
                    28 00 02 00                                # TCA_OPTIONS
                      06 00 08 00 08 00 00 00                  # TCA_FLOWER_KEY_ETH_TYPE
                      1c 00 03 00                              # TCA_FLOWER_ACT
                        0c 00 02 00                            # action 2
                          08 00 01 00 67 61 74 00              # TCA_ACT_KIND
                        0c 00 01 00                            # action 1: the number counts, not the place
                          08 00 01 00 76 6c 61 6e              # TCA_ACT_KIND without its NUL
                    """)))
        #expect(filter.classifier == .other)
        #expect(filter.preference == 50)
        #expect(filter.etherType == 0x0800)
        #expect(filter.actions.map(\.kind) == ["vlan", "gat"])
    }

    @Test("More than four thousand million packets are counted") func moreThanFourThousand() {
        let counters = ActionCounters(
            Attributes(
                hex(
                    """
                    14 00 01 00 00 10 00 00 01 00 00 00 07 00 00 00 00 00 00 00                # TCA_STATS_BASIC
                    18 00 03 00 00 00 00 00 00 00 00 00 02 00 00 00 00 00 00 00 03 00 00 00    # TCA_STATS_QUEUE
                    0c 00 08 00 07 00 00 00 01 00 00 00                                        # TCA_STATS_PKT64
                    """)[...]))
        #expect(counters.bytes == 0x1_0000_1000)
        #expect(counters.packets == 0x1_0000_0007)
        #expect(counters.drops == 2)
        #expect(counters.overlimits == 3)
    }

    @Test("Every control action has tc's word, and one that is unknown isn't ours")
    func everyControlActionTc() {
        let words: [Int32: String] = [
            -1: "continue", 0: "pass", 1: "reclassify", 2: "drop", 3: "pipe", 4: "stolen",
        ]
        for (value, word) in words { #expect(Mirred.Control(rawValue: value).word == word) }
        var parameters = PayloadWriter()
        for value in [1, 0, 0x1000_0002, 1, 1, 9, 5] as [Int32] { parameters.append(value) }
        var options = PayloadWriter()
        options.attribute(2, bytes: parameters.bytes)
        let mirred = Mirred(Attributes(options.bytes[...]))
        #expect(mirred?.control == Mirred.Control(rawValue: 0x1000_0002))
        #expect(mirred?.manner == Mirred.Manner(rawValue: 9))
        #expect(mirred?.target == 5)
    }

    @Test("What lacks its header or kind is neither qdisc nor filter") func lacksHeaderKindNeither() {
        for payload in [[], Array(repeating: UInt8(0), count: 19)] {
            #expect(throws: MalformedBytes.self) { try Qdisc(message(36, payload: payload)) }
            #expect(throws: MalformedBytes.self) { try Filter(message(44, payload: payload)) }
        }
        let nameless = Array(repeating: UInt8(0), count: 20)
        #expect(throws: MalformedBytes("a qdisc without its kind")) { try Qdisc(message(36, payload: nameless)) }
        #expect(throws: MalformedBytes("a filter without its kind")) { try Filter(message(44, payload: nameless)) }
    }
}

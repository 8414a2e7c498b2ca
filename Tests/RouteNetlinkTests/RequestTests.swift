import EthtoolNetlink
import Netlink
import RouteNetlink
import Testing

private let bridgeFlags = BridgePort(
    learning: false, unicastFlood: false, multicastFlood: false, broadcastFlood: false, locked: true)
private let isARP = [
    SocketFilter(code: 40, jumpTrue: 0, jumpFalse: 0, constant: 12),
    SocketFilter(code: 21, jumpTrue: 0, jumpFalse: 1, constant: 0x0806),
    SocketFilter(code: 6, jumpTrue: 0, jumpFalse: 0, constant: 262_144),
    SocketFilter(code: 6, jumpTrue: 0, jumpFalse: 0, constant: 0),
]
private let ids: [UInt8] = [0xf7] + "ids".utf8
private let web: [UInt8] = [0xf7] + "web".utf8

/// Interfaces of the captures: 2 br0, 3 vnet0p, 4 vnet0, 5 vnet1, 7 mv0.
@Suite struct RequestTests {
    private func add(
        _ match: FilterRequest.Match, _ actions: [Mirred], _ cookie: [UInt8], _ hook: TcHook, _ preference: UInt16
    ) -> NetlinkRequest {
        FilterRequest.add(
            match, actions: actions, cookie: cookie, parent: hook.parent, preference: preference, index: 4,
            object: "vnet0 \(hook.word)")
    }

    private var linkRequests: [(NetlinkRequest, golden: [UInt8])] {
        [
            (LinkRequest.dump(), GoldenLinkRequests.linkDump),
            (LinkRequest.dump(membersOf: 2, name: "br0"), GoldenLinkRequests.memberDump),
            (LinkRequest.get(name: "vnet0"), GoldenLinkRequests.linkByName),
            (LinkRequest.addBridge("br0"), GoldenLinkRequests.addBridge),
            (LinkRequest.addVeth("vnet0", peer: "vnet0p"), GoldenLinkRequests.addVeth),
            (LinkRequest.addVeth("vnet1", peer: "eth0", peerNamespace: 5), GoldenLinkRequests.addVethElsewhere),
            (LinkRequest.remove(index: 7, name: "mv0"), GoldenLinkRequests.removeLink),
            (LinkRequest.setUp(true, index: 4, name: "vnet0"), GoldenLinkRequests.linkUp),
            (LinkRequest.setUp(false, index: 3, name: "vnet0p"), GoldenLinkRequests.linkDown),
            (LinkRequest.setMaster(2, index: 5, name: "vnet1"), GoldenLinkRequests.setMaster),
            (
                LinkRequest.setBridgePort(bridgeFlags, flushing: false, index: 5, name: "vnet1"),
                GoldenLinkRequests.bridgeFlags
            ),
            (
                LinkRequest.setBridgePort(BridgePort(state: 0), flushing: true, index: 5, name: "vnet1"),
                GoldenLinkRequests.bridgeState
            ),
            (
                AddressRequest.add([192, 0, 2, 9], prefixLength: 24, index: 4, name: "vnet0"),
                GoldenLinkRequests.addAddress
            ),
            (RouteRequest.get([192, 0, 2, 1]), GoldenLinkRequests.routeGet),
        ]
    }

    private var trafficRequests: [(NetlinkRequest, golden: [UInt8], tc: [UInt8]?)] {
        [
            (QdiscRequest.dump(), GoldenTrafficRequests.qdiscDump, CapturedCommands.qdiscDump),
            (
                QdiscRequest.addClsact(index: 4, name: "vnet0"), GoldenTrafficRequests.addClsact,
                CapturedCommands.addClsact
            ),
            (
                QdiscRequest.removeClsact(index: 4, name: "vnet0"), GoldenTrafficRequests.removeClsact,
                CapturedCommands.removeClsact
            ),
            (
                ChainRequest.add(20557, hook: .ingress, index: 4, name: "vnet0"), GoldenTrafficRequests.addChain,
                CapturedCommands.addChain
            ),
            (
                ChainRequest.remove(20557, hook: .ingress, index: 4, name: "vnet0"),
                GoldenTrafficRequests.removeChain, CapturedCommands.removeChain
            ),
            (
                ChainRequest.dump(hook: .ingress, index: 4, name: "vnet0"), GoldenTrafficRequests.chainDump,
                CapturedCommands.chainDump
            ),
            (
                FilterRequest.dump(parent: TcHook.ingress.parent, index: 4, object: "vnet0 ingress"),
                GoldenTrafficRequests.filterDump, CapturedCommands.filterDump
            ),
            (
                add(.u32Everything, [Mirred(control: .continue, target: 5)], ids, .ingress, 256),
                GoldenTrafficRequests.addU32, CapturedCommands.addU32
            ),
            (
                add(.matchall, [Mirred(control: .continue, target: 5)], ids, .egress, 768),
                GoldenTrafficRequests.addMatchall, nil
            ),
            (
                add(
                    .bpf(isARP), [Mirred(control: .pipe, target: 2), Mirred(control: .continue, target: 5)], web,
                    .ingress, 257), GoldenTrafficRequests.addBPF, CapturedCommands.addBPF
            ),
            (
                FilterRequest.remove(
                    kind: "u32", handle: 0x8000_0800, parent: TcHook.ingress.parent, preference: 256, index: 4,
                    object: "vnet0 ingress"), GoldenTrafficRequests.removeFilter, CapturedCommands.removeFilter
            ),
            (
                ActionRequest.replace(
                    Mirred(index: 1, control: .continue, target: 2), cookie: ids, object: "vnet0 ingress"),
                GoldenTrafficRequests.replaceAction, CapturedCommands.replaceAction
            ),
        ]
    }

    @Test("Requests about links are the golden bytes") func requestsAboutLinksGolden() {
        for (request, golden) in linkRequests { #expect(request.bytes(sequence: 1) == golden, "\(request.operation)") }
    }

    @Test("Requests about traffic control are the golden bytes") func requestsAboutTrafficControl() {
        for (request, golden, _) in trafficRequests {
            #expect(request.bytes(sequence: 1) == golden, "\(request.operation)")
        }
    }

    @Test("Requests about traffic control say what tc says") func requestsAboutTrafficControlSay() {
        for (request, golden, tc) in trafficRequests {
            guard let tc else { continue }
            #expect(RequestContent(golden) == RequestContent(tc), "\(request.operation)")
        }
    }

    @Test("Changes of links say what ip and bridge say") func changesLinksSayIp() {
        let pairs = [
            (GoldenLinkRequests.removeLink, CapturedCommands.removeLink),
            (GoldenLinkRequests.linkUp, CapturedCommands.linkUp),
            (GoldenLinkRequests.linkDown, CapturedCommands.linkDown),
            (GoldenLinkRequests.setMaster, CapturedCommands.setMaster),
            (GoldenLinkRequests.bridgeFlags, CapturedCommands.bridgeFlags),
            (GoldenLinkRequests.addAddress, CapturedCommands.addAddress),
        ]
        for (ours, theirs) in pairs { #expect(RequestContent(ours) == RequestContent(theirs)) }
    }

    // Where ip differs: it asks for the links of one family (AF_BRIDGE, AF_PACKET) with other details, looks an
    // interface up by its index after a first question, leaves out the NUL of a kind, and asks for the table of a
    // route (RTM_F_LOOKUP_TABLE). Ours flushes the addresses learned behind a port in the same request.

    @Test("Where ip leaves the NUL of a kind out, the rest is the same") func whereIpLeavesNul() throws {
        for (ours, theirs) in [
            (GoldenLinkRequests.addBridge, CapturedCommands.addBridge),
            (GoldenLinkRequests.addVeth, CapturedCommands.addVeth),
        ] {
            let ours = try #require(messages(ours).first)
            let theirs = try #require(messages(theirs).first)
            #expect(ours.flags == theirs.flags)
            let parts = [ours, theirs].map { Attributes($0.payload.dropFirst(16)) }
            #expect(parts[0][3]?.string == parts[1][3]?.string)
            let info = parts.map { $0[18]?.attributes }
            #expect(info[0]?[1]?.string == info[1]?[1]?.string)
            #expect(
                info[0]?[2].map { Array($0.bytes.dropFirst(4)) } == info[1]?[2].map { Array($0.bytes.dropFirst(4)) })
        }
    }

    @Test("Requests to ethtool's family are the golden bytes") func requestsEthtoolFamilyGolden() {
        #expect(EthtoolRequest.family().bytes(sequence: 1) == GoldenEthtoolRequests.ethtoolFamily)
        #expect(
            EthtoolRequest.features(family: 21, index: 4, name: "vnet0").bytes(sequence: 1)
                == GoldenEthtoolRequests.features)
        let features = ["tx-tcp-segmentation": true, "tx-checksum-ip-generic": false]
        #expect(
            EthtoolRequest.setFeatures(features, family: 21, index: 4, name: "vnet0").bytes(sequence: 1)
                == GoldenEthtoolRequests.setFeatures)
    }

    @Test("Switching an interface names the one flag that changes") func switchingInterfaceNamesOne() throws {
        for (isUp, flags) in [(true, UInt32(1)), (false, 0)] {
            let request = LinkRequest.setUp(isUp, index: 4, name: "vnet0")
            var reader = PayloadReader(request.payload[...])
            try reader.skip(8)
            #expect(try reader.read(UInt32.self) == flags)
            #expect(try reader.read(UInt32.self) == 1)
        }
    }

    @Test("Only a dump asks for all, and everything else for an acknowledgement")
    func dumpAsksForAll() {
        for request in linkRequests.map(\.0) + trafficRequests.map(\.0) {
            let flags = request.isDump ? UInt16(0x301) : 0x5 | request.flags.rawValue
            #expect(request.bytes(sequence: 1)[6...7] == [UInt8(flags & 0xff), UInt8(flags >> 8)])
        }
    }

    @Test("What is added must not be there yet") func addedMustNotThere() {
        let adding = [
            QdiscRequest.addClsact(index: 4, name: ""), ChainRequest.add(1, hook: .ingress, index: 4, name: ""),
            add(.matchall, [], [], .ingress, 1), LinkRequest.addBridge(""), LinkRequest.addVeth("", peer: ""),
        ]
        for request in adding { #expect(request.flags == [.create, .exclusive]) }
    }

    @Test("An action without a cookie has none") func actionWithoutCookieNone() throws {
        let request = add(.matchall, [Mirred(control: .continue, target: 5)], [], .ingress, 1)
        let filter = try Filter(message(44, payload: request.payload))
        #expect(filter.actions.map(\.cookie) == [[]])
    }
}

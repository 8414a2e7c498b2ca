import Netlink
import Testing

@testable import RouteNetlink

@Suite struct LinkTests {
    private func link(_ bytes: [UInt8]) throws -> Link { try Link(#require(messages(bytes).first)) }

    @Test("The loopback interface") func loopbackInterface() throws {
        let link = try link(CapturedLinks.loopback)
        #expect(link.name == "lo")
        #expect(link.index == 1)
        #expect(link.isLoopback)
        #expect(link.isUp)
        #expect(link.hasCarrier)
        #expect(link.mtu == 65536)
        #expect(link.kind == nil)
        #expect(link.master == nil)
        #expect(link.link == nil)
        #expect(link.bridgePort == nil)
    }

    @Test("Other names, also one that is too long for an interface's own") func altnames() throws {
        let link = try link(CapturedLinks.altnames)
        #expect(link.name == "vnet0")
        #expect(link.altnames == ["alice", "vm-alice-net0-of-more-than-15-bytes"])
        let other = link.called("alice")
        #expect(other.name == "alice" && other.index == link.index && other.altnames == link.altnames && other != link)
        #expect(try self.link(CapturedLinks.loopback).altnames == [])
    }

    @Test("A bridge, with its spanning tree") func bridgeSpanningTree() throws {
        let link = try link(CapturedLinks.bridge)
        #expect(link.name == "br0")
        #expect(link.kind == "bridge")
        // IFLA_BR_STP_STATE
        #expect(link.kindData[5]?.integer() == UInt32(0))
        #expect(link.isUp)
        #expect(!link.isLoopback)
    }

    @Test("A veth whose peer is in the same namespace") func vethWhosePeerSame() throws {
        let link = try link(CapturedLinks.vethWithPeerHere)
        #expect(link.name == "vnet0")
        #expect(link.index == 4)
        #expect(link.kind == "veth")
        #expect(link.link == 3)
        #expect(link.peerNamespace == nil)
        #expect(link.mtu == 1500)
        #expect(link.isUp && link.hasCarrier)
        #expect(link.bridgePort == nil)
    }

    @Test("A bridge's member with settings of its own, whose peer is in another namespace")
    func bridgeMemberSettingsOwn() throws {
        let link = try link(CapturedLinks.memberWithPeerElsewhere)
        #expect(link.name == "vnet1")
        #expect(link.master == 2)
        #expect(link.link == 2)
        #expect(link.peerNamespace == 0)
        #expect(link.isUp && !link.hasCarrier)
        #expect(
            link.bridgePort
                == BridgePort(
                    state: 0, learning: false, unicastFlood: false, multicastFlood: false, broadcastFlood: false,
                    locked: true))
    }

    /// `struct ifinfomsg` of `x0` and attributes.
    private func made(_ attributes: (inout PayloadWriter) -> Void) -> NetlinkMessage {
        var writer = PayloadWriter()
        writer.append([0, 0, 1, 0, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0] as [UInt8])
        writer.attribute(IFLA.IFNAME, string: "x0")
        attributes(&writer)
        return message(16, payload: writer.bytes)
    }

    @Test("The largest MTU that can be set, where there is one") func maximumMTU() throws {
        #expect(try link(CapturedLinks.loopback).maximumMTU == nil)
        #expect(try link(CapturedLinks.vethWithPeerHere).maximumMTU == 65535)
        #expect(try Link(made { _ in }).maximumMTU == nil)
    }

    @Test("An XDP program is known by its number, the driver's first where there are several") func program() throws {
        #expect(try link(CapturedLinks.vethWithPeerHere).program == nil)
        // IFLA_XDP_ATTACHED, then IFLA_XDP_PROG_ID, _DRV_PROG_ID, _SKB_PROG_ID of linux/if_link.h.
        for (attached, numbers, program) in [
            (UInt8(0), [:], nil), (2, [4: 12], 12), (4, [5: 7, 6: 9], 7), (2, [6: 9], 9),
        ] as [(UInt8, [UInt16: UInt32], UInt32?)] {
            let bytes = made { writer in
                writer.nest(IFLA.XDP) { xdp in
                    xdp.attribute(2, attached)
                    for (type, number) in numbers { xdp.attribute(type, number) }
                }
            }
            #expect(try Link(bytes).program == program)
        }
    }

    @Test("The VLANs of a bridge's member, with what they are to it") func bridgeVLANs() throws {
        let bytes = made { writer in
            writer.nest(IFLA.AF_SPEC) { families in
                // struct bridge_vlan_info: flags (PVID 2, UNTAGGED 4), vid
                for (flags, id) in [(UInt16(6), UInt16(1)), (0, 10), (4, 20)] {
                    var info = PayloadWriter()
                    info.append(flags)
                    info.append(id)
                    families.attribute(2, bytes: info.bytes)
                }
                families.attribute(2, bytes: [1])
            }
        }
        let (index, vlans) = try BridgeVLAN.list(bytes)
        #expect(index == 7)
        #expect(
            vlans == [
                BridgeVLAN(id: 1, isNative: true, isUntagged: true), BridgeVLAN(id: 10),
                BridgeVLAN(id: 20, isUntagged: true),
            ])
        #expect(throws: MalformedBytes.self) { try BridgeVLAN.list(message(16, payload: [7, 0])) }
    }

    @Test("An entry of a tunnel's table has a far end, and one with an address of zeros is for every frame")
    func entryForEveryFrame() throws {
        for (address, end, target) in [
            ([0, 0, 0, 0, 0, 0], (1, [192, 0, 2, 1]), "192.0.2.1"), ([0, 0, 0, 0, 0, 0], nil, nil),
            ([2, 0, 0, 0, 0, 1], (1, [192, 0, 2, 1]), "192.0.2.1"),
            ([2, 0, 0, 0, 0, 1], (1, [0x20, 1, 0xd, 0xb8] + [UInt8](repeating: 0, count: 11) + [1]), "2001:db8::1"),
            ([2, 0, 0, 0, 0, 1], (13, [7, 0, 0, 0]), "nhid 7"), ([2, 0, 0, 0, 0, 1], (1, [192, 0, 2]), nil),
        ] as [([UInt8], (UInt16, [UInt8])?, String?)] {
            var writer = PayloadWriter()
            writer.append([7, 0, 0, 0] as [UInt8])
            writer.append(Int32(0x1_0203))
            writer.append(UInt32(0))
            writer.attribute(2, bytes: address)
            if let (attribute, bytes) = end { writer.attribute(attribute, bytes: bytes) }
            let message = message(28, payload: writer.bytes)
            let entry = ForwardingEntry(message, index: 0x1_0203)
            #expect(entry?.target == target)
            #expect(entry?.isForEveryFrame == target.map { _ in address[0] == 0 })
            // Kernels before Linux 4.20 list other devices' entries as well.
            #expect(ForwardingEntry(message, index: 3) == nil)
        }
        #expect(ForwardingEntry(message(28, payload: []), index: 0) == nil)
    }

    @Test("The port and the network of an entry are part of its far end") func entryElsewhere() throws {
        // NDA_PORT in network order, NDA_VNI in the machine's.
        for (port, network, target) in [
            (nil, nil, "192.0.2.1"), ([0x12, 0xb5], nil, "192.0.2.1 port 4789"), (nil, 77, "192.0.2.1 vni 77"),
            ([0x12, 0xb6], 78, "192.0.2.1 port 4790 vni 78"),
        ] as [([UInt8]?, UInt32?, String)] {
            var writer = PayloadWriter()
            writer.append([7, 0, 0, 0] as [UInt8])
            writer.append(Int32(5))
            writer.append(UInt32(0))
            writer.attribute(2, bytes: [2, 0, 0, 0, 0, 1])
            writer.attribute(1, bytes: [192, 0, 2, 1])
            if let port { writer.attribute(6, bytes: port) }
            if let network { writer.attribute(7, network) }
            #expect(ForwardingEntry(message(28, payload: writer.bytes), index: 5)?.target == target)
        }
    }

    @Test("A tunnel, and what it is bound to") func tunnelBound() throws {
        let link = try link(CapturedLinks.vxlan)
        #expect(link.name == "vx0")
        #expect(link.kind == "vxlan")
        #expect(!link.isUp)
        #expect(link.kindData[3]?.integer() == Int32(4))
        #expect(link.kindData[2].map { Array($0.bytes) } == [192, 0, 2, 1])
    }

    @Test("A macvlan and its parent") func macvlanParent() throws {
        let link = try link(CapturedLinks.macvlan)
        #expect(link.kind == "macvlan")
        #expect(link.link == 4)
        #expect(link.peerNamespace == nil)
    }

    // linux/if_link.h: this kernel has no VLAN devices, and older ones no locked ports.
    @Test("A VLAN device, and a bridge port of an old kernel") func vlanDeviceBridgePort() throws {
        let vlan = hex(
            """
            00 00 01 00 09 00 00 00 43 10 01 00 00 00 00 00        # struct ifinfomsg: index 9, up, with carrier
            0c 00 03 00 65 74 68 30 2e 35 00 00                    # IFLA_IFNAME "eth0.5"
            08 00 05 00 02 00 00 00                                # IFLA_LINK 2
            1c 00 12 00                                            # IFLA_LINKINFO
              09 00 01 00 76 6c 61 6e 00 00 00 00                  # IFLA_INFO_KIND "vlan"
              0c 00 02 00                                          # IFLA_INFO_DATA
                06 00 01 00 05 00 00 00                            # IFLA_VLAN_ID 5
            """)
        let link = try Link(message(16, payload: vlan))
        #expect(link.name == "eth0.5")
        #expect(link.kind == "vlan")
        #expect(link.link == 2)
        #expect(link.kindData[1]?.integer() == UInt16(5))
        #expect(link.mtu == 0)
        let old = BridgePort(Attributes(hex("05 00 01 00 03 00 00 00 05 00 08 00 01 00 00 00")[...]))
        #expect(old == BridgePort(state: 3, learning: true))
    }

    @Test("A member of a bond is no bridge port") func memberBondNoBridge() throws {
        let member = hex(
            """
            00 00 01 00 09 00 00 00 43 10 01 00 00 00 00 00        # struct ifinfomsg
            09 00 03 00 65 74 68 31 00 00 00 00                    # IFLA_IFNAME "eth1"
            08 00 0a 00 08 00 00 00                                # IFLA_MASTER 8
            1c 00 12 00                                            # IFLA_LINKINFO
              09 00 04 00 62 6f 6e 64 00 00 00 00                  # IFLA_INFO_SLAVE_KIND "bond"
              0c 00 05 00                                          # IFLA_INFO_SLAVE_DATA
                05 00 01 00 00 00 00 00                            # IFLA_BOND_SLAVE_STATE
            """)
        let link = try Link(message(16, payload: member))
        #expect(link.master == 8)
        #expect(link.bridgePort == nil)
    }

    @Test("A message without a header or a name is no link") func messageWithoutHeaderName() {
        #expect(throws: MalformedBytes.self) { try Link(message(16, payload: [0, 0, 1, 0, 9, 0, 0, 0])) }
        #expect(throws: MalformedBytes("a link without a name")) {
            try Link(message(16, payload: Array(repeating: 0, count: 16)))
        }
    }

    @Test("Which way a packet would go") func whichWayPacketWould() throws {
        let answer = try #require(messages(CapturedTraffic.route).first)
        #expect(RouteRequest.outputInterface(answer) == 4)
        #expect(RouteRequest.outputInterface(message(24, payload: [1, 2])) == nil)
    }
}

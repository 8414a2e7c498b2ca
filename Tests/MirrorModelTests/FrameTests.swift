import MirrorModel
import Testing

@Suite struct FrameTests {
    let alice = MACAddress(0x02, 0, 0, 0, 0, 0x0a)
    let bob = MACAddress(0x02, 0, 0, 0, 0, 0x0b)

    @Test("A frame is put together in wire order") func builder() {
        let frame = Frame(
            destination: bob, source: alice, tags: [VLANTag(tpid: VLANTag.service, tci: 0x2005), VLANTag(tci: 0x0fff)],
            etherType: 0x86dd, payload: [0xde, 0xad])
        #expect(
            frame.bytes == [
                0x02, 0, 0, 0, 0, 0x0b,  // destination
                0x02, 0, 0, 0, 0, 0x0a,  // source
                0x88, 0xa8, 0x20, 0x05,  // 802.1ad, priority 1, id 5
                0x81, 0x00, 0x0f, 0xff,  // 802.1Q, id 4095
                0x86, 0xdd,  // IPv6
                0xde, 0xad,
            ])
    }

    @Test("The fields of a frame are read through both of its tags") func fields() {
        let tags = [VLANTag(tpid: VLANTag.service, tci: 0x2005), VLANTag(tci: 0x0fff)]
        let frame = Frame(destination: bob, source: alice, tags: tags, etherType: 0x86dd)
        #expect(frame.destination == bob)
        #expect(frame.source == alice)
        #expect(frame.vlanTags == tags)
        #expect(frame.vlan == 5)
        #expect(frame.etherType == 0x86dd)
    }

    @Test("An untagged frame and one with only a priority are in VLAN 0")
    func untagged() {
        #expect(Frame(destination: bob, source: alice).vlan == 0)
        #expect(Frame(destination: bob, source: alice).vlanTags.isEmpty)
        #expect(Frame(destination: bob, source: alice, tags: [VLANTag(tci: 0xe000)]).vlan == 0)
    }

    @Test("A frame can be cut anywhere, and what is missing reads as 0") func truncation() {
        let whole = Frame(destination: bob, source: alice, tags: [VLANTag(tci: 7)], payload: [1, 2, 3])
        for length in 0...whole.bytes.count {
            let cut = whole.truncated(to: length)
            #expect(cut.bytes == Array(whole.bytes.prefix(length)))
            #expect(cut.vlan == (length >= 16 ? 7 : 0))
            #expect(cut.withTagSetAside.tag?.id == (length >= 16 ? 7 : nil))
            _ = (cut.destination, cut.source, cut.isBroadcast, cut.isMulticast, cut.description)
        }
        #expect(whole.truncated(to: 1000) == whole)
        #expect(whole.truncated(to: -1).bytes.isEmpty)
    }

    @Test("Setting the tag aside takes the outermost one alone") func tagSetAside() {
        let inner = VLANTag(tci: 9)
        let outer = VLANTag(tpid: VLANTag.service, tci: 5)
        let (rest, tag) = Frame(destination: bob, source: alice, tags: [outer, inner]).withTagSetAside
        #expect(tag == outer)
        #expect(rest == Frame(destination: bob, source: alice, tags: [inner]))
        let plain = Frame(destination: bob, source: alice)
        #expect(plain.withTagSetAside.frame == plain)
        #expect(plain.withTagSetAside.tag == nil)
    }

    @Test("Broadcast, multicast and unicast are told apart by the destination") func casts() {
        let group = MACAddress(0x01, 0x00, 0x5e, 0, 0, 1)
        #expect(Frame(destination: .broadcast, source: alice).isBroadcast)
        #expect(!Frame(destination: .broadcast, source: alice).isMulticast)
        #expect(Frame(destination: group, source: alice).isMulticast)
        #expect(!Frame(destination: group, source: alice).isBroadcast)
        #expect(!Frame(destination: bob, source: alice).isMulticast)
    }

    @Test("A MAC address keeps its bytes, prints as usual and sorts by them") func addresses() {
        let address = MACAddress(0xaa, 0xbb, 0x0c, 0, 0x01, 0xff)
        #expect(address.bytes == [0xaa, 0xbb, 0x0c, 0, 0x01, 0xff])
        #expect(MACAddress(address.bytes) == address)
        #expect(MACAddress([1, 2, 3, 4, 5]) == nil)
        #expect("\(address)" == "aa:bb:0c:00:01:ff")
        #expect(alice < bob)
        #expect(alice.isStation && !MACAddress.broadcast.isStation && !MACAddress(0, 0, 0, 0, 0, 0).isStation)
        #expect(MACAddress(0x01, 0x80, 0xc2, 0, 0, 0x0f).isLinkLocalGroup)
        #expect(!MACAddress(0x01, 0x80, 0xc2, 0, 0, 0x10).isLinkLocalGroup)
    }
}

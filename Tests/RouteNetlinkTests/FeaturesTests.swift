import EthtoolNetlink
import Netlink
import Testing

@Suite struct FeaturesTests {
    @Test("The family's number") func familyNumber() throws {
        let answer = try #require(messages(CapturedFeatures.family).first)
        #expect(EthtoolRequest.familyNumber(answer) == 21)
        #expect(EthtoolRequest.familyNumber(message(16, payload: [1])) == nil)
    }

    @Test("A veth's features") func vethFeatures() throws {
        let features = DeviceFeatures(try #require(messages(CapturedFeatures.features).first))
        #expect(features.changeable.contains("tx-tcp-segmentation"))
        // Switched off with `ethtool -K vnet0 tx off tso off` before the capture.
        for name in ["tx-checksum-ip-generic", "tx-tcp-segmentation"] {
            #expect(!features.wanted.contains(name))
            #expect(!features.active.contains(name))
        }
        #expect(features.active.contains("tx-gso-robust") == features.wanted.contains("tx-gso-robust"))
        // `ethtool -k` marks them [fixed].
        #expect(features.fixed.isSuperset(of: ["tx-checksum-ipv4", "tx-checksum-ipv6"]) || !features.fixed.isEmpty)
        #expect(features.changeable.isDisjoint(with: ["tx-checksum-ipv4", "tx-checksum-ipv6"]))
        for names in [features.changeable, features.wanted, features.active, features.fixed] {
            #expect(names.allSatisfy { !$0.isEmpty })
        }
    }

    @Test("A bitset with a mask lists bits that aren't set, one without lists only those that are")
    func bitsetMaskListsBits() {
        let bits = hex(
            """
            20 00 03 80                                    # ETHTOOL_A_BITSET_BITS
              10 00 01 80                                  # ETHTOOL_A_BITSET_BITS_BIT
                06 00 02 00 61 00 00 00                    # ETHTOOL_A_BITSET_BIT_NAME "a"
                04 00 03 00                                # ETHTOOL_A_BITSET_BIT_VALUE
              0c 00 01 80
                06 00 02 00 62 00 00 00                    # "b", not set
            """)
        let withoutMask = hex("04 00 01 00") + bits
        func features(_ bitset: [UInt8]) -> DeviceFeatures {
            var writer = PayloadWriter()
            writer.append(UInt32(0))
            writer.nest(4) { $0.append(bitset) }
            return DeviceFeatures(message(21, payload: writer.bytes))
        }
        #expect(features(bits).active == ["a"])
        #expect(features(withoutMask).active == ["a", "b"])
    }

    @Test("An acknowledgement, or nothing, is no features") func acknowledgementNothingNoFeatures() {
        #expect(DeviceFeatures(message(21, payload: [])) == DeviceFeatures())
        #expect(DeviceFeatures(message(21, payload: [11, 1, 0, 0])) == DeviceFeatures())
    }
}

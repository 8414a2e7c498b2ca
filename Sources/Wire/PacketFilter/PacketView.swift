/// A frame as a BPF program at a tc hook sees it.
public struct PacketView: Hashable, Sendable {
    /// A VLAN tag that the kernel keeps beside the frame's bytes, in host byte order.
    public struct Tag: Hashable, Sendable {
        /// The tag's protocol, 0x8100 or 0x88a8.
        public var tpid: UInt16
        /// Priority (3 bits), drop eligible (1 bit), VLAN id (12 bits).
        public var tci: UInt16

        /// A tag of this protocol and control information.
        public init(tpid: UInt16 = 0x8100, tci: UInt16) {
            self.tpid = tpid
            self.tci = tci
        }
    }

    /// The bytes from the MAC header on, without a tag that is in `metadataTag`.
    public var bytes: [UInt8]
    /// The outermost tag if it is in the frame's metadata.
    public var metadataTag: Tag?
    /// What the program reads as its random number.
    public var random: UInt32
    /// The frame's length in bytes, which is more than the number of `bytes` if those are only its beginning.
    public var length: UInt32
    /// `skb->protocol`, in host byte order.
    public var protocolType: UInt16
    /// `skb->pkt_type`: 0 for this host, 4 for outgoing (`<linux/if_packet.h>`).
    public var packetType: UInt8 = 0
    /// The index of the interface.
    public var interfaceIndex: UInt32 = 0
    /// `skb->hash`.
    public var receiveHash: UInt32 = 0

    /// A frame; its length is that of its bytes and its protocol the EtherType at offset 12, unless they are given.
    public init(
        bytes: [UInt8], metadataTag: Tag? = nil, random: UInt32 = 0, length: UInt32? = nil, protocolType: UInt16? = nil
    ) {
        self.bytes = bytes
        self.metadataTag = metadataTag
        self.random = random
        self.length = length ?? UInt32(clamping: bytes.count)
        self.protocolType =
            protocolType ?? (bytes.count >= 14 ? UInt16(bytes[12]) << 8 | UInt16(bytes[13]) : 0)
    }

    /// The big-endian number of `size` bytes at an offset from the MAC header, nil if it isn't all there.
    func load(_ size: Int, at offset: UInt32) -> UInt32? {
        guard let start = Int(exactly: offset), start <= bytes.count - size else { return nil }
        return bytes[start..<start + size].reduce(0) { $0 << 8 | UInt32($1) }
    }

    /// The value at one of the offsets from `SKF_AD_OFF` on, nil if this view doesn't have it.
    func ancillary(_ offset: UInt32) -> UInt32? {
        switch offset {
        case Ancillary.protocolType: UInt32(protocolType)
        case Ancillary.packetType: UInt32(packetType)
        case Ancillary.interfaceIndex: interfaceIndex
        case Ancillary.receiveHash: receiveHash
        case Ancillary.vlanTag: UInt32(metadataTag?.tci ?? 0)
        case Ancillary.vlanTagPresent: metadataTag == nil ? 0 : 1
        case Ancillary.random: random
        case Ancillary.vlanTPID: UInt32(metadataTag?.tpid ?? 0)
        default: nil
        }
    }
}

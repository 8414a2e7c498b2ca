/// The outermost VLAN tag, which the kernel takes out of a frame and tells beside it (`tp_vlan_tpid` and `tp_vlan_tci` of a
/// ring's frame, packet(7)).
public struct SetAsideTag: Hashable, Sendable {
    /// The tag's EtherType: 0x8100 (802.1Q) or 0x88a8 (802.1ad).
    public var type: UInt16
    /// Priority, drop eligibility and VLAN id.
    public var control: UInt16
    /// Bytes that it takes in a frame.
    public static let size = 4

    public init(type: UInt16, control: UInt16) {
        self.type = type
        self.control = control
    }

    /// Puts the tag back in place, by moving the MAC addresses into the four bytes before the frame.
    /// - Parameters:
    ///   - frame: the frame without the tag.
    ///   - headroom: bytes before it that may be overwritten (`PACKET_RESERVE`).
    /// - Returns: the frame with the tag, beginning four bytes earlier.
    public func putBack(
        into frame: UnsafeMutableRawBufferPointer, headroom: Int
    ) throws(OffloadError) -> UnsafeMutableRawBufferPointer {
        guard headroom >= Self.size, frame.count >= 12, let base = frame.baseAddress else { throw .noRoomForTag }
        let start = unsafe base - Self.size
        // Overlaps: copyMemory is memmove.
        unsafe start.copyMemory(from: base, byteCount: 12)
        unsafe start.storeBytes(of: type.bigEndian, toByteOffset: 12, as: UInt16.self)
        unsafe start.storeBytes(of: control.bigEndian, toByteOffset: 14, as: UInt16.self)
        return unsafe UnsafeMutableRawBufferPointer(start: start, count: frame.count + Self.size)
    }
}

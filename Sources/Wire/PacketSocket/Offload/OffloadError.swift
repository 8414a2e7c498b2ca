/// Why a frame that the kernel left unfinished couldn't be finished. Each is a counter's name: no values in it.
public enum OffloadError: Error, Hashable, Sendable, CaseIterable, CustomStringConvertible {
    /// The frame ends before its headers do, or before the length that they state.
    case truncated
    /// The place of the checksum lies outside the frame, or isn't where its headers have one.
    case checksumPlace
    /// A super-frame whose header states no size for its segments.
    case noSegmentSize
    /// A super-frame that would become more frames than any real one (``Segmenter/mostSegments``,
    /// ``Segmenter/mostSmallSegments``).
    case tooManySegments
    /// A frame that is too large, of a protocol that can't be cut without knowing what its sender meant.
    case segmentSizeUnknown
    /// A kind of super-frame that this doesn't know.
    case unknownKind
    /// The headers aren't of the protocol that the virtio header names.
    case wrongProtocol
    /// A super-frame inside a tunnel.
    case encapsulated
    /// Headers longer than ``Segmenter/longestHead``.
    case headersTooLong
    /// A segment longer than an IP packet can be.
    case tooLong
    /// No room before the frame for its VLAN tag, or no Ethernet header to put it into.
    case noRoomForTag

    /// In words, for a report of losses.
    public var description: String {
        switch self {
        case .truncated: "shorter than its headers say"
        case .checksumPlace: "a checksum in an impossible place"
        case .noSegmentSize: "a super-frame without a segment size"
        case .tooManySegments: "a super-frame of too many segments"
        case .segmentSizeUnknown: "too large, and unknown how to cut"
        case .unknownKind: "an unknown kind of super-frame"
        case .wrongProtocol: "a super-frame with another protocol's headers"
        case .encapsulated: "a super-frame in a tunnel"
        case .headersTooLong: "headers too long"
        case .tooLong: "segments too long for IP"
        case .noRoomForTag: "no room for its VLAN tag"
        }
    }
}

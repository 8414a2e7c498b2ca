public import MirrorModel

/// What copies are like: which there are, how large, with which tags and checksums.
public enum CopyProblem: Hashable, Sendable {
    /// No frame has a tag of the mirror's VLANs at any of its ports (rule 2).
    case vlanUnseen(VLANSet, ports: [TaggedPort])
    /// At some of its ports there are frames of these VLANs without a tag (rule 2).
    case vlanPartlyUnseen(VLANSet, ports: [TaggedPort])
    /// A frame may pass both points of these pairs, and so many more (rule 3).
    case copiedTwice([PointPair], more: Int, by: Copier, watchesEgress: Bool)
    /// An output with a smaller MTU than a source, and how to give it a larger one.
    case outputMTU(output: PortName, mtu: UInt32, source: PortName, sourceMTU: UInt32, raise: Raise)
    /// A GRE tunnel with less room than a source's frames need; whether it can be made to fragment.
    case tunnelMTU(output: PortName, room: UInt32, source: PortName, sourceMTU: UInt32, canFragment: Bool)
    /// An output's offloads are left alone, as this mirror asks; other mirrors that send there.
    case offloadsKept(output: PortName, others: [MirrorName])
    /// An output's offloads are left alone, as another mirror asks.
    case offloadsKeptFor(MirrorName, output: PortName)
    /// Offloads that an output can't switch off, by ethtool's names.
    case offloadsStuck(output: PortName, features: [String])

    /// A port, and what is in which VLAN there without a tag.
    public struct TaggedPort: Hashable, Sendable, CustomStringConvertible {
        /// The port.
        public var port: PortName
        /// What it does to tags.
        public var tags: Tags

        /// What a port does to tags.
        public enum Tags: Hashable, Sendable {
            case access(UInt16)
            case native(UInt16)
            /// Frames of these VLANs have none; of none, where it is empty.
            case untagged([UInt16])
        }

        public init(_ port: PortName, _ tags: Tags) {
            self.port = port
            self.tags = tags
        }

        /// The port, with the reason in brackets.
        public var description: String {
            switch tags {
            case .access(let vlan): "\(port) (an access port of VLAN \(vlan))"
            case .native(let vlan): "\(port) (native VLAN \(vlan))"
            case .untagged(let vlans):
                vlans.isEmpty ? "\(port) (no untagged VLAN)" : "\(port) (untagged in VLAN \(vlans.listed))"
            }
        }
    }

    /// Two points that the same frame may pass.
    public struct PointPair: Hashable, Sendable, CustomStringConvertible {
        /// One of them.
        public var one: Point
        /// The other.
        public var other: Point

        public init(_ one: Point, _ other: Point) {
            self.one = one
            self.other = other
        }

        public var description: String { "\(one.port) \(one.hook) and \(other.port) \(other.hook)" }
    }

    /// Who copies, and can't tell that a frame was copied before.
    public enum Copier: Hashable, Sendable {
        case kernel
        case tap
        /// A switch, once a flow's actions have changed the frame.
        case `switch`
    }

    /// How to give a port a larger MTU.
    public enum Raise: Hashable, Sendable {
        /// These ports get these MTUs, one after the other.
        case ports([PortMTU])
        /// This port can't have more.
        case impossible(PortName, most: UInt32)
    }

    /// A port and an MTU in bytes.
    public struct PortMTU: Hashable, Sendable {
        /// The port.
        public var port: PortName
        /// In bytes.
        public var mtu: UInt32

        public init(_ port: PortName, _ mtu: UInt32) {
            self.port = port
            self.mtu = mtu
        }
    }

    private static let withoutTags = "leave --vlan out there, or add --vlan 0, which is untagged frames"

    /// What is said of it.
    public var statement: Statement {
        switch self {
        case .vlanUnseen(let vlans, let ports):
            return Statement(
                .vlanUnseen,
                "no frame has a tag of VLAN \(vlans) at \(ports.listed), so that nothing would be copied", .colon,
                Self.withoutTags, ["vlans": [vlans], "ports": ports])
        case .vlanPartlyUnseen(let vlans, let ports):
            return Statement(
                .vlanPartlyUnseen,
                "frames without a tag aren't in VLAN \(vlans) as it is seen at \(ports.listed), and aren't copied there",
                .colon, Self.withoutTags, ["vlans": [vlans], "ports": ports])
        case .copiedTwice(let pairs, let more, let copier, let watchesEgress):
            let shown =
                pairs.map(\.description).joined(separator: "; ") + (more > 0 ? "; and \(more) more" : "")
            let sentence =
                switch copier {
                case .switch:
                    "a frame that a flow's actions change between two of its points is copied twice, before and after: "
                case .kernel: "a frame that passes two of its points is copied twice, since the kernel can't tell: "
                case .tap: "a frame that passes two of its points is copied twice, since a tap can't tell: "
                }
            return Statement(
                .copiedTwice, sentence + shown, watchesEgress ? .fullStop : .apart,
                watchesEgress
                    ? "Watching ingress alone gives one copy of each"
                    : "watch one of the two alone, if one copy is needed",
                ["pairs": pairs, "more": [more]])
        case .outputMTU(let output, let mtu, let source, let sourceMTU, let raise):
            let sentence =
                "\(output) has MTU \(mtu), less than the \(sourceMTU) of \(source): larger frames' copies may be lost"
            let evidence: [String: [any CustomStringConvertible]] = [
                "output": [output], "room": [mtu], "source": [source], "mtu": [sourceMTU],
            ]
            switch raise {
            case .ports(let ports):
                let commands = ports.map { "ip link set \($0.port) mtu \($0.mtu)" }.joined(separator: " && ")
                return Statement(.outputMTU, sentence, .brackets, commands, evidence)
            case .impossible(let port, let most):
                return Statement(
                    .outputMTU, "\(sentence) (the MTU of \(port) can't be more than \(most))", .apart,
                    "choose an output with a larger MTU", evidence)
            }
        case .tunnelMTU(let output, let room, let source, let sourceMTU, let canFragment):
            return Statement(
                .tunnelMTU,
                "\(output) has room for \(room) bytes, less than the \(sourceMTU) of \(source): copies of larger frames are "
                    + "lost, and counted as its errors alone", canFragment ? .brackets : .apart,
                canFragment ? DeviceProblem.fragmenting(output) : "give the tunnel's way a larger MTU",
                ["output": [output], "room": [room], "source": [source], "mtu": [sourceMTU]])
        case .offloadsKept(let output, let others):
            return Statement(
                .offloadsKept,
                "\(output) keeps its offloads: copies may be larger than its MTU and have unfilled checksums, which "
                    + "Suricata and Zeek ignore"
                    + (others.isEmpty ? "" : "; so may those of mirror \(others.listed)"), .apart,
                "leave --keep-offloads out, unless the reader takes such frames",
                ["output": [output], "mirrors": others])
        case .offloadsKeptFor(let mirror, let output):
            return Statement(
                .offloadsKept,
                "\(output) keeps its offloads, as mirror \(mirror) asks: copies may have unfilled checksums", .apart,
                "leave --keep-offloads out of mirror \(mirror), or choose another output",
                ["output": [output], "mirrors": [mirror]])
        case .offloadsStuck(let output, let features):
            return Statement(
                .offloadsStuck,
                "\(output) can't switch off \(features.listed): copies may have unfilled checksums", .apart,
                "have the reader take unfilled checksums for right, or choose another output",
                ["output": [output], "features": features])
        }
    }
}

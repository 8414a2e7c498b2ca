public import MirrorModel

/// What a kind of network device is to a mirror: the one table that the rules and docs/reference/devices.md go by.
public struct DeviceKind: Hashable, Sendable {
    /// What a device of the kind is as a source, or as an output.
    public enum Verdict: Hashable, Sendable {
        /// It does what the reader expects; what there is to know besides.
        case fits(String)
        /// It is accepted, with this said.
        case warned(String)
        /// What surrounds the device decides, by the rule named.
        case depends(String)
        /// It is never accepted, for this reason.
        case refused(String)

        /// As a cell of the table.
        public var description: String {
            switch self {
            case .fits(let text): text.isEmpty ? "yes" : "yes; \(text)"
            case .warned(let text): "yes, with a warning: \(text)"
            case .depends(let text): "depends: \(text)"
            case .refused(let text): "no: \(text)"
            }
        }
    }

    /// The kernel's words for it (`IFLA_INFO_KIND`, `ip -d link`). Hardware has none: `ether` here.
    public let words: [String]
    /// What it is, in a few words.
    public let what: String
    /// As a source.
    public let source: Verdict
    /// As an output.
    public let output: Verdict
    /// Whether this was tried, not only read in the kernel's source.
    public let isTried: Bool

    private init(_ words: String..., what: String, source: Verdict, output: Verdict, isTried: Bool = false) {
        self.words = words
        self.what = what
        self.source = source
        self.output = output
        self.isTried = isTried
    }

    /// The row of a port; nil for a kind that isn't known.
    public static func of(_ port: Port) -> DeviceKind? { byWord[port.kind.word] }

    private static let byWord = Dictionary(
        all.flatMap { kind in kind.words.map { ($0, kind) } }, uniquingKeysWith: { first, _ in first })

    private static let sharesItsParent: Verdict = .refused(
        "copies leave by the device under it, to everybody there, and who is behind it gets none; "
            + "name an output with nobody but the sensor behind it")

    /// Every kind, in the order of the page.
    public static let all: [DeviceKind] = [
        DeviceKind(
            "ether", what: "hardware, virtio_net", source: .fits(""),
            output: .depends("a warning if it is a member of the watched bridge, and so may be its way out"),
            isTried: true),
        DeviceKind("veth", what: "a virtual cable", source: .fits(""), output: .fits(""), isTried: true),
        DeviceKind("netkit", what: "a cable with programs at its ends", source: .fits(""), output: .fits("")),
        DeviceKind("tun", what: "a VM's tap", source: .fits(""), output: .fits(""), isTried: true),
        DeviceKind("dummy", what: "a port to nowhere", source: .fits(""), output: .fits(""), isTried: true),
        DeviceKind("netdevsim", what: "a simulated card", source: .fits(""), output: .fits("")),
        DeviceKind(
            "bridge", what: "the host's own port of its bridge",
            source: .warned("only what this host itself sends and gets there"),
            output: .depends("refused if it is the sources' own bridge, or one that is connected with it"),
            isTried: true),
        DeviceKind(
            "vlan", what: "a VLAN of the device under it", source: .fits("without the VLAN's tag"),
            output: .depends(
                "copies have the VLAN's tag, whatever VLAN they are of; a warning that all in that VLAN get them; refused "
                    + "over a bridge or cable here that leads to the stations that the originals are for"),
            isTried: true),
        DeviceKind(
            "bond", "team", what: "several cables as one", source: .fits(""),
            output: .depends("refused if the sources' frames come or go by the same cables"), isTried: true),
        DeviceKind(
            "failover", what: "a virtual and a passed-through card as one", source: .fits(""),
            output: .depends("as a bond")),
        DeviceKind(
            "macvlan", what: "one of several on a device, for a container", source: .fits(""),
            output: sharesItsParent, isTried: true),
        DeviceKind(
            "macvtap", what: "one of several on a device, for a VM",
            source: .fits("ingress is what its VM sends: the device's egress"), output: sharesItsParent, isTried: true),
        DeviceKind(
            "ipvlan", what: "one of several on a device, by IP address",
            source: .fits("in mode l3s what it receives passes no hook of it"), output: sharesItsParent),
        DeviceKind(
            "ipvtap", what: "the same, for a VM", source: .fits("ingress is what its VM sends: the device's egress"),
            output: sharesItsParent),
        DeviceKind(
            "macsec", what: "an encrypted cable", source: .fits("what is inside"),
            output: .fits("copies leave encrypted, by the device under it")),
        DeviceKind(
            "virt_wifi", what: "a cable as wireless", source: .fits(""),
            output: .fits("copies leave by the device under it")),
        DeviceKind(
            "dsa", what: "a port of a switch chip",
            source: .fits("what the chip forwards by itself passes no hook"), output: .fits("")),
        DeviceKind(
            "vxlan", "geneve", what: "a tunnel",
            source: .fits("what is inside"),
            output: .depends(
                "refused without one known far end: copies would go to all who are in its multicast group, or to those "
                    + "that it has learnt; entries of its forwarding table that lead elsewhere are warned of"),
            isTried: true),
        DeviceKind(
            "gretap", what: "a tunnel", source: .fits("what is inside"),
            output: .depends(
                "refused without a far end, and with the tc engine if copies made at egress would lower the path MTU of the "
                    + "originals"), isTried: true),
        DeviceKind(
            "ip6gretap", what: "a tunnel", source: .fits("what is inside"),
            output: .depends("as gretap; it has no setting that ends this"), isTried: true),
        DeviceKind(
            "erspan", "ip6erspan", what: "a tunnel for copies", source: .fits("what is inside"),
            output: .depends("refused without a far end"), isTried: true),
        DeviceKind(
            "ifb", what: "where filters redirect to", source: .fits("egress is what was redirected to it"),
            output: .fits("for programs that capture there; then it drops the copies"), isTried: true),
        DeviceKind(
            "loopback", what: "the host to itself", source: .fits(""),
            output: .warned("copies of broadcasts and multicasts come in again, to this host's own programs")),
        DeviceKind(
            "vrf", what: "a routing table",
            source: .depends("refused with the tc engine: it only routes, and no frame passes its hooks"),
            output: .refused("it would route the copies to those that the originals are for"), isTried: true),
        DeviceKind(
            "openvswitch", what: "an internal port of Open vSwitch",
            source: .fits("ingress is what the switch gets from this host"),
            output: .depends(
                "what tc or a tap sends there enters the switch: refused if the sources are on it; with the ovs engine "
                    + "it is this host that gets the copies"), isTried: true),
        DeviceKind(
            "hsr", what: "a ring of stations", source: .fits(""),
            output: .refused("copies go round the ring, to every station on it")),
        DeviceKind(
            "batadv", what: "a mesh", source: .fits(""),
            output: .refused("the mesh would carry the copies to those that the originals are for")),
        DeviceKind(
            "gre", "ip6gre", "ipip", "ip6tnl", "sit", "vti", "vti6", "xfrm", "wireguard", "ovpn", "gtp", "bareudp",
            "amt",
            "pfcp", what: "a tunnel of packets", source: bare, output: bare),
        DeviceKind("ppp", "wwan", "rmnet", what: "a line of packets", source: bare, output: bare),
        DeviceKind("ipoib", "lowpan", "caif", what: "another kind of network", source: bare, output: bare),
        DeviceKind("can", "vcan", "vxcan", what: "a field bus", source: bare, output: bare),
        DeviceKind("nlmon", "vsockmon", what: "the kernel's messages", source: bare, output: bare),
    ]

    private static let bare: Verdict = .depends("refused where a copy needs an Ethernet header, which it hasn't")

    /// As a row of the page's table.
    public var row: String {
        let names = words.map { "`\($0)`" }.joined(separator: ", ")
        return "| \(names) | \(what) | \(source.description) | \(output.description) | \(isTried ? "tried" : "read") |"
    }
}

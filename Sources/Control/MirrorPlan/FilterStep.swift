public import MirrorModel
import PacketFilter

/// A step of mirrors that the kernel carries by filters at the hooks of ports.
public enum FilterStep: EngineStep {
    /// Make room for filters on a port: its clsact qdisc, marked as this tool's.
    case openHook(ResolvedPort)
    case addPoint(CopyPoint, preference: UInt16)
    /// Send a point's copies to other ports, in place: its counters go on.
    case retarget(ObservedPoint, to: [ResolvedPort])
    case removePoint(ObservedPoint)
    /// Remove the port's clsact qdisc, which this tool made and nobody uses.
    case closeHook(ResolvedPort)
    /// Leave the qdisc that this tool made to those who use it now.
    case disownHook(ResolvedPort)
    /// Mark somebody's filter as a point of this tool's, in place: its counters go on. Filters behind it run, too.
    case adoptPoint(ForeignPoint, as: MirrorName)
    /// Give a filter that was marked back to its owner, as it was.
    case releasePoint(ObservedPoint, to: ForeignFilter)
    /// Remove somebody's filter whose copies a mirror of this tool's makes by now.
    case removeForeign(ForeignPoint, for: MirrorName)

    /// Filters.
    public static var carrier: Carrier? { .filters }

    /// The mirror whose point it is about.
    public var mirror: MirrorName? {
        switch self {
        case .addPoint(let point, _): point.mirror
        case .retarget(let point, _), .removePoint(let point), .releasePoint(let point, _): point.mirror
        case .adoptPoint(_, let name), .removeForeign(_, let name): name
        case .openHook, .closeHook, .disownHook: nil
        }
    }

    /// What it does to what is there.
    public var effect: StepEffect {
        switch self {
        case .openHook, .addPoint: .adds
        case .retarget, .adoptPoint: .changes
        case .removePoint, .closeHook, .removeForeign: .removes
        case .disownHook, .releasePoint: .givesBack
        }
    }

    public var description: String {
        switch self {
        case .openHook(let port): return "add a clsact qdisc to \(port)"
        case .addPoint(let point, _):
            let filter =
                if case .program(let program) = point.match { " (\(program.instructions.count) BPF)" } else { "" }
            return "copy \(point.port) \(point.hook)\(filter) to "
                + point.outputs.map(\.description).joined(separator: ", ")
        case .retarget(let point, let outputs):
            return "mirror \(point.mirror): send \(point.port) \(point.hook) to "
                + outputs.map(\.description).joined(separator: ", ")
        case .removePoint(let point): return "mirror \(point.mirror): stop copying \(point.port) \(point.hook)"
        case .closeHook(let port): return "remove the clsact qdisc from \(port)"
        case .disownHook(let port): return "leave the clsact qdisc of \(port) to its other users"
        case .adoptPoint(let point, let name): return "mark the filter at \(point) as mirror \(name)"
        case .releasePoint(let point, let filter):
            return "mirror \(point.mirror): leave the filter at \(point.port) \(filter.place) to its owner"
        case .removeForeign(let point, let name):
            return "remove the filter at \(point), whose copies mirror \(name) makes"
        }
    }
}

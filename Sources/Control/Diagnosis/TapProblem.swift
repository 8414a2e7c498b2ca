public import MirrorModel

/// What a tap does otherwise than a person may expect.
public enum TapProblem: Hashable, Sendable {
    /// Others' filters, as the kernel lists them, come after a packet socket.
    case beforeFilters(PortName, filters: [String])
    /// Super-frames aren't cut, as was asked; the outputs that are ports.
    case superFramesWhole(outputs: [PortName])
    /// Mirrors whose processes write to the same directory.
    case sharedDirectory(DirectoryPath, mirrors: [MirrorName])
    /// Outputs that don't exist have their share of the flows all the same.
    case shareLost(outputs: [PortName])

    /// What is said of it.
    public var statement: Statement {
        switch self {
        case .beforeFilters(let port, let filters):
            return Statement(
                .beforeFilters,
                "\(port) has filters of others at ingress: " + filters.joined(separator: ", ")
                    + ". A tap copies what comes in before they drop or change it", .apart,
                "have the tc engine copy what they let through, if that is meant (--engine tc)",
                ["port": [port], "filters": filters])
        case .superFramesWhole(let outputs):
            return Statement(
                .superFramesWhole,
                "super-frames are copied whole, with unfilled checksums, and Suricata and Zeek ignore such frames"
                    + (outputs.isEmpty ? "" : "; copies may be larger than the MTU of \(outputs.listed)"), .apart,
                "leave --keep-offloads out, unless the reader takes such frames", ["outputs": outputs])
        case .sharedDirectory(let directory, let mirrors):
            return Statement(
                .sharedDirectory,
                "\(directory) is written to by mirror \(mirrors.listed) as well, and each keeps and removes its own files "
                    + "alone: limits hold for each by itself", .apart, "give each a directory of its own",
                ["directory": [directory], "mirrors": mirrors])
        case .shareLost(let outputs):
            let isOne = outputs.count == 1
            return Statement(
                .shareLost,
                "\(outputs.listed) \(isOne ? "doesn't" : "don't") exist: the flows that are \(isOne ? "its" : "their") share "
                    + "are lost until then", .apart, "make the outputs, or leave them out of the mirror",
                ["outputs": outputs])
        }
    }
}

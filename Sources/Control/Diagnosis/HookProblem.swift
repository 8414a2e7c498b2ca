public import MirrorModel

/// What others have at the ports' hooks, and how much the kernel has room for.
public enum HookProblem: Hashable, Sendable {
    /// A qdisc of others that has no place for egress filters.
    case plainIngress(PortName)
    /// The port's filters are those of other ports as well.
    case sharedBlock(Point)
    /// As many mirrors as there are places for.
    case full(Point, limit: Int)
    case tooManyOutputs(Int, limit: Int)
    /// A filter that lets no other one see any frame, as the kernel lists it.
    case takesAll(Point, filter: String)
    /// Filters that are asked first, as the kernel lists them.
    case othersFirst(Point, filters: [String])

    /// What is said of it.
    public var statement: Statement {
        switch self {
        case .plainIngress(let port):
            Statement(
                .plainIngress,
                "\(port) has a plain ingress qdisc of somebody else, which has no place for egress filters", .fullStop,
                "The tap engine needs none (--engine tap). Or mirror \(port):ingress alone, or have its owner use clsact "
                    + "instead (which means making their filters anew)", ["port": [port]])
        case .sharedBlock(let point):
            Statement(
                .sharedBlock,
                "\(point.port) shares its \(point.hook) filters with other ports (a tc block of somebody else's): a filter "
                    + "there would copy from all of them", .fullStop, "The tap engine needs no filter (--engine tap)",
                ["port": [point.port], "direction": [point.hook]])
        case .full(let point, let limit):
            Statement(
                .hookFull,
                "\(point.port) has as many mirrors at \(point.hook) as the tc engine has places for: \(limit)",
                .fullStop,
                "Remove one that you don't need, give one of them several outputs instead, or have a process copy "
                    + "(--engine tap)", ["port": [point.port], "direction": [point.hook], "limit": [limit]])
        case .tooManyOutputs(let count, let limit):
            Statement(
                .tooManyOutputs,
                "it has \(count) outputs; the kernel sends a frame's copies to \(limit) at most", .apart,
                "leave some to another mirror, or have a process copy (--engine tap)",
                ["count": [count], "limit": [limit]])
        case .takesAll(let point, let filter):
            Statement(
                .filterTakesAll,
                "it gets nothing from \(point.port) \(point.hook): a filter of somebody else runs first, takes every frame "
                    + "and lets no other filter see it (\(filter))", .fullStop,
                "A tap copies before that (--engine tap)",
                ["port": [point.port], "direction": [point.hook], "filters": [filter]])
        case .othersFirst(let point, let filters):
            Statement(
                .filtersFirst,
                "\(point.port) has filters of others that run first: " + filters.joined(separator: ", ")
                    + ". What they accept or drop isn't copied", .semicolon, "a tap copies it (--engine tap)",
                ["port": [point.port], "direction": [point.hook], "filters": filters])
        }
    }
}

public import MirrorModel

/// Where a mirror is that isn't touched from here.
public enum PlaceProblem: Hashable, Sendable {
    /// Its process runs in another network namespace.
    case process(MirrorName)
    /// It can't be told which database it is in.
    case unknownDatabase(MirrorName)
    /// A database that isn't looked at.
    case database(String)
    /// On this machine, while another's database is looked at.
    case thisMachine
    /// The output is one in another network namespace, by this file.
    case output(PortName, file: String)

    /// What is said of it.
    public var statement: Statement {
        switch self {
        case .process(let mirror):
            Statement(
                .processElsewhere,
                "'portmirror run \(mirror)' runs in another network namespace, and not in this one", .apart,
                "look at it there, with 'ip netns exec' or nsenter(1)")
        case .unknownDatabase(let mirror):
            Statement(
                .databaseUnknown,
                "which database of Open vSwitch it is in can't be told, since \(mirror).database beside its definition "
                    + "can't be read or is empty", .colon, "if it is in none, delete that file",
                ["file": ["\(mirror).database"]])
        case .database(let name):
            Statement(
                .databaseElsewhere,
                "it is in Open vSwitch's database \(name), which isn't looked at without --db \(name)", .apart,
                "say --db \(name)", ["database": [name]])
        case .thisMachine:
            Statement(
                .machineElsewhere,
                "its ports are this machine's, which isn't looked at with this --db (or OVS_DB)", .apart,
                "leave out --db (and OVS_DB)")
        case .output(let output, let file):
            Statement(
                .outputElsewhere, "\(output) is an output in another network namespace, by \(file)", .apart,
                "look at it there, with 'ip netns exec' or nsenter(1); if the namespace has gone, delete the file",
                ["output": [output], "file": [file]])
        }
    }
}

/// What is the matter, by what it is about.
public enum Problem: Hashable, Sendable {
    case definition(DefinitionProblem)
    case way(WayProblem)
    case device(DeviceProblem)
    case copies(CopyProblem)
    case hook(HookProblem)
    case engine(EngineProblem)
    case `switch`(SwitchProblem)
    case tap(TapProblem)
    case port(PortProblem)
    case process(ProcessProblem)
    case place(PlaceProblem)
    case state(StateProblem)
    case step(StepProblem)
    /// What another process has said of it.
    case told(Statement)

    /// What is said of it.
    public var statement: Statement {
        switch self {
        case .definition(let problem): problem.statement
        case .way(let problem): problem.statement
        case .device(let problem): problem.statement
        case .copies(let problem): problem.statement
        case .hook(let problem): problem.statement
        case .engine(let problem): problem.statement
        case .switch(let problem): problem.statement
        case .tap(let problem): problem.statement
        case .port(let problem): problem.statement
        case .process(let problem): problem.statement
        case .place(let problem): problem.statement
        case .state(let problem): problem.statement
        case .step(let problem): problem.statement
        case .told(let statement): statement
        }
    }
}

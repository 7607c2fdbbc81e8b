using Hangfire.Common;
using Portal.Model.Shared;

namespace Portal.Worker.Shared;

/// <summary>
/// The types that a job's row may name. Whoever can write to Hangfire's tables, the web above all, would otherwise have this process call
/// whatever there is (starting programs among it), with the rights that an engine has. The resolver is Hangfire's one for the whole
/// process.
/// </summary>
internal static class JobTypes
{
    private static readonly HashSet<Type> Arguments = [typeof(string), typeof(Guid), typeof(CancellationToken)];

    /// <summary>
    /// Where a job is now that had another name in a release: what waited in the queue when it was upgraded, and what its web, which may
    /// still run, goes on to ask for, names the old one (docs/decisions/releases.md).
    /// </summary>
    private static readonly Dictionary<string, Type> Moved = new(StringComparer.Ordinal);

    /// <exception cref="InvalidOperationException">It is none of them; the job then fails and stays where the operators see it.</exception>
    public static Type Resolve(string name) => Resolve(name, Moved);

    internal static Type Resolve(string name, IReadOnlyDictionary<string, Type> moved) =>
        (moved.GetValueOrDefault(name.Split(',')[0].Trim()) ?? TypeHelper.DefaultTypeResolver(name)) is { } type
        && (Arguments.Contains(type) || IsJob(type))
            ? type
            : throw new InvalidOperationException("A job names a type that is not one of Portal's jobs.");

    private static bool IsJob(Type type) =>
        type is { IsInterface: true, IsGenericType: false }
        && type.Assembly == typeof(PortalDb).Assembly
        && type.Name.EndsWith("Job", StringComparison.Ordinal);
}

namespace Portal.Model.Compute;

/// <summary>What may stand between guests of one host, by the words that an engine tells it in, and in an operator's.</summary>
public static class GuestWalls
{
    public const string Processor = "cpu";

    public const string Memory = "memory";

    private static readonly (string[] Names, string Words)[] All =
    [
        (["uid"], "a user of its own for each guest"),
        (["seccomp"], "system calls filtered (seccomp)"),
        (["mount"], "devices of its own (mount namespace)"),
        ([Processor], "weighted shares of the processors"),
        ([Memory], "a limit of memory"),
        (["io"], "disk use counted apart"),
        (["processes"], "a limit of processes"),
        (["apparmor", "selinux"], "AppArmor or SELinux"),
    ];

    /// <summary>Which hold and which do not, in this order always.</summary>
    public static (IReadOnlyList<string> Held, IReadOnlyList<string> Missing) Of(string walls)
    {
        var held = walls.Split(',');
        var split = All.ToLookup(wall => wall.Names.Any(name => held.Contains(name, StringComparer.Ordinal)), wall => wall.Words);
        return ([.. split[true]], [.. split[false]]);
    }
}

using System.Reflection;

namespace Portal.Model.Shared;

/// <summary>Which Portal this is, as the console's foot, <c>/healthz</c> and the log say it.</summary>
public static class ProductVersion
{
    /// <summary>With the commit, where it was built from a checkout: <c>0.1.0+1ab23c…</c>.</summary>
    public static string Full { get; } =
        typeof(ProductVersion).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion;

    /// <summary>As in CHANGELOG.md.</summary>
    public static string Number { get; } = Full.Split('+')[0];
}

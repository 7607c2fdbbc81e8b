using System.Security.Cryptography;
using System.Text;
using MudBlazor;

namespace Portal.Shared;

/// <summary>
/// Both palettes as one style sheet. The browser chooses: as the system says (<c>data-theme="auto"</c>) or as the person does. So a page
/// has its colours before it is painted, with or without a circuit, and follows the system without a script. It is a file of its own: a
/// style within the page needs that page's nonce, and a page that is fetched by script (enhanced navigation, an account that closes) has
/// another.
/// </summary>
internal sealed class Colours : MudThemeProvider
{
    public const string Path = "/colours.css";

    public static string Css { get; } = Build();

    /// <summary>Another one for other colours, so that it may be kept for ever.</summary>
    public static string Address { get; } =
        $"{Path}?v={Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(Css)).AsSpan(0, 8))}";

    public static IResult Serve(HttpContext http)
    {
        http.Response.Headers.CacheControl = "public, max-age=31536000, immutable";
        return Results.Text(Css, "text/css", Encoding.UTF8);
    }

    private static string Build()
    {
        var (light, dark) = (Variables(PortalTheme.Theme.PaletteLight), Variables(PortalTheme.Theme.PaletteDark));
        return $$"""
            :root { color-scheme: light; {{light}} }
            @media (prefers-color-scheme: dark) { :root[data-theme=auto] { color-scheme: dark; --dark: 1; {{dark}} } }
            :root[data-theme=dark] { color-scheme: dark; --dark: 1; {{dark}} }
            """;
    }

    private static string Variables(Palette palette)
    {
        // A provider that is never rendered writes the variables of its light palette; so each palette has its turn as that one.
        var turn = new PaletteLight();
        foreach (var colour in typeof(Palette).GetProperties().Where(property => property.CanWrite))
        {
            colour.SetValue(turn, colour.GetValue(palette));
        }

        var css = new StringBuilder();
#pragma warning disable BL0005
        new Colours
        {
            Theme = new MudTheme
            {
                PaletteLight = turn,
                Typography = PortalTheme.Theme.Typography,
                LayoutProperties = PortalTheme.Theme.LayoutProperties,
            },
        }.GenerateTheme(css);
#pragma warning restore BL0005
        return string.Join(
            ' ',
            css.ToString().Split('\n', StringSplitOptions.TrimEntries).Where(line => line.StartsWith("--", StringComparison.Ordinal))
        );
    }
}

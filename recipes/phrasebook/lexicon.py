"""The verbs, adjectives, names and time words of the phrasebook.

Every English entry has exactly one German rendering in the sentences it is used in, so that a
model can know the right translation from the source alone.
"""

# english[/comparative] Deutsch[/Stamm][/Komparativ] : noun groups it describes
ADJECTIVES = """
red rot : clothes pairs bag vehicle
blue blau : clothes pairs bag vehicle
green grün : clothes pairs bag furniture
yellow gelb : clothes pairs vehicle candle
black schwarz : clothes pairs bag suitcase animal
white weiß : clothes pairs furniture animal
brown braun : clothes pairs furniture animal
grey grau : clothes pairs furniture animal
warm/warmer warm/wärmer : jacket coat sweater hat scarf cap pairs room
elegant/more_elegant elegant : clothes pairs furniture restaurant
cheap/cheaper billig : clothes belongings furniture device lodging restaurant
expensive/more_expensive teuer/teur : clothes belongings furniture device lodging
new/newer neu : clothes belongings device vehicle reading watching stranger
old/older alt/älter : vehicle furniture place sight reading stranger
big/bigger groß/größer : furniture parcel lodging sight room animal terrace balcony plate
small/smaller klein/kleiner : furniture parcel lodging place animal terrace balcony body
heavy/heavier schwer : furniture parcel suitcase backpack box
light/lighter leicht : clothes soup salad dessert backpack
modern/more_modern modern : device lodging room sight furniture bathtub shower lift
practical/more_practical praktisch : belongings device furniture
broken kaputt : device opening vehicle
loud/louder laut : device vehicle animal transport rail
quiet/quieter ruhig : lodging landscape sight office bedroom
comfortable/more_comfortable bequem : pairs sofa chair bed armchair vehicle lodging
clean/cleaner sauber : tableware room towel pairs
dirty/dirtier schmutzig : tableware pairs window room
hot/hotter heiß : soup stew sausage hot_drink milk waffle
cold/colder kalt/kälter : drink room
fresh/fresher frisch : dish side vegetable fruit juice milk
sweet/sweeter süß : sweet topping wine hot_drink lemonade fruit
sour/sourer sauer/saur : apple orange cherry lemon grape juice wine
delicious köstlich : dish sweet drink
salty/saltier salzig : dish cheese butter ham bacon olive
ripe reif : fruit tomato
famous/more_famous berühmt : sight watching reading
beautiful/more_beautiful schön/schöner : landscape sight parcel lodging feature
interesting/more_interesting interessant : reading watching event museum exhibition
boring/more_boring langweilig : reading watching lecture lesson course
exciting/more_exciting spannend : reading watching trip
funny/funnier lustig : watching reading toy photo
sad/sadder traurig : novel poem film stranger male female
important/more_important wichtig : paper event
long/longer lang/länger : paper event watching dress coat
short/shorter kurz/kürzer : paper event dress skirt
urgent dringend : letter message report meeting appointment
friendly/friendlier freundlich : stranger male female animal
young/younger jung/jünger : stranger animal
ill krank : animal male female stranger
tired müde/müd : stranger male female
polite/more_polite höflich : stranger male female
strict/stricter streng : teacher police_officer boss
rich/richer reich : stranger male female
strong/stronger stark/stärker : hot_drink beer wine animal
deep/deeper tief : lake river valley bowl
high/higher hoch/höher/hoh : mountain gate shelf cupboard bridge
safe/safer sicher : vehicle bridge beach
fast/faster schnell : vehicle computer printer rail
slow/slower langsam : vehicle computer printer rail
empty leer : tableware box tin suitcase wallet fridge
full voll : tableware box suitcase transport rail
round rund : table mirror carpet bowl
narrow/narrower schmal/schmaler : opening bed bridge
wide/wider breit : gate bed river beach
thick/thicker dick : book novel sweater scarf
free frei : table chair bench appointment
closed geschlossen : door window gate sight
wild wild : animal forest
clever/cleverer klug/klüger : animal stranger
ugly/uglier hässlich : clothes furniture
pretty/prettier hübsch : clothes parcel village island
"""

# english[/past] ; Deutsch[/er-Form][/Partizip][/s] ; case ; determiners ; object groups.
# Determiners: i a, d the, p the subject's own, t this, B bare plural, D the + plural,
# N a number + plural; an empty group is a verb without an object. "s" takes sein.
VERBS = """
buy/bought ; kaufen ; a ; iit ; clothes belongings furniture device parcel reading
buy/bought ; kaufen ; a ; BBN ; pairs fruit vegetable
sell/sold ; verkaufen ; a ; pppi ; vehicle furniture device lodging
need ; brauchen ; a ; ii ; belongings tableware clothes device
look_for ; suchen ; a ; iidp ; belongings clothes
look_for ; suchen ; a ; id ; place
find/found ; finden/findet/gefunden ; a ; dp ; belongings paper clothes
lose/lost ; verlieren/verliert/verloren ; a ; pp ; belongings
forget/forgot ; vergessen/vergisst/vergessen ; a ; pdp ; belongings appointment meeting form
repair ; reparieren ; a ; dp ; device vehicle door window drawer gate
clean ; putzen ; a ; d ; kitchen bathroom bedroom cellar office hallway window
clean ; putzen ; a ; P ; shoe boot
wash ; waschen/wäscht/gewaschen ; a ; dp ; clothes vehicle
wash ; waschen/wäscht/gewaschen ; a ; dD ; tableware vegetable
rent ; mieten ; a ; i ; vehicle lodging
open ; öffnen ; a ; ddt ; opening parcel
close ; schließen/schließt/geschlossen ; a ; ddt ; opening
turn_on ; ein|schalten ; a ; ddt ; device
turn_off ; aus|schalten ; a ; ddt ; device
pick_up ; ab|holen ; a ; dp ; parcel male female vehicle
bring_along/brought_along ; mit|bringen/bringt/mitgebracht ; a ; ip ; belongings picture book
take_along/took_along ; mit|nehmen/nimmt/mitgenommen ; a ; ip ; belongings animal
try_on ; an|probieren ; a ; dt ; clothes
put_on/put_on ; an|ziehen/zieht/angezogen ; a ; ip ; clothes
put_on/put_on ; an|ziehen/zieht/angezogen ; a ; P ; pairs
take_off/took_off ; aus|ziehen/zieht/ausgezogen ; a ; p ; clothes
take_off/took_off ; aus|ziehen/zieht/ausgezogen ; a ; P ; pairs
exchange ; um|tauschen ; a ; dt ; clothes device
invite ; ein|laden/lädt/eingeladen ; a ; p ; male female
meet/met ; treffen/trifft/getroffen ; a ; pp ; male female
visit ; besuchen ; a ; p ; male female
visit ; besuchen ; a ; ddi ; sight
call ; an|rufen/ruft/angerufen ; a ; p ; male female
call ; an|rufen/ruft/angerufen ; a ; d ; stranger
help ; helfen/hilft/geholfen ; d ; p ; male female
help ; helfen/hilft/geholfen ; d ; d ; stranger
thank ; danken ; d ; p ; male female
thank ; danken ; d ; d ; stranger
answer ; antworten ; d ; p ; male female
answer ; antworten ; d ; d ; stranger
pay/paid ; bezahlen ; a ; dp ; bill
wait_for ; warten ; auf:a ; p ; male female
wait_for ; warten ; auf:a ; d ; stranger transport rail
talk_to ; sprechen/spricht/gesprochen ; mit:d ; p ; male female
talk_to ; sprechen/spricht/gesprochen ; mit:d ; d ; stranger
write/wrote ; schreiben/schreibt/geschrieben ; a ; ii ; paper
sign ; unterschreiben/unterschreibt/unterschrieben ; a ; dt ; paper
fill_in ; aus|füllen ; a ; dt ; form application list
print_out ; aus|drucken ; a ; di ; paper
send/sent ; schicken ; a ; i ; paper parcel
check ; prüfen ; a ; d ; paper device
read/read ; lesen/liest/gelesen ; a ; iid ; reading letter report contract
translate ; übersetzen/übersetzt/übersetzt ; a ; id ; book article poem letter contract document
recommend ; empfehlen/empfiehlt/empfohlen ; a ; dt ; sight dish reading
watch ; an|schauen ; a ; idt ; watching
film ; filmen ; a ; di ; animal landscape
photograph ; fotografieren ; a ; di ; animal landscape
cook ; kochen ; a ; i ; soup stew
order ; bestellen ; a ; i ; dish sweet
eat/ate ; essen/isst/gegessen ; a ; i ; dish sweet
eat/ate ; essen/isst/gegessen ; a ; B ; fruit
drink/drank ; trinken/trinkt/getrunken ; a ; M ; hot_drink drink
cut/cut ; schneiden/schneidet/geschnitten ; a ; DB ; fruit vegetable
peel ; schälen ; a ; DB ; potato carrot orange apple onion
feed/fed ; füttern ; a ; dD ; animal
keep/kept ; behalten/behält/behalten ; a ; dp ; belongings parcel
book ; buchen ; a ; i ; flight trip course guided_tour holiday_home
cancel/cancelled ; ab|sagen ; a ; dp ; event
postpone ; verschieben/verschiebt/verschoben ; a ; dp ; event
prepare ; vor|bereiten ; a ; dp ; party trip meeting lecture lesson
plan ; planen ; a ; ip ; trip party meeting
borrow ; aus|leihen/leiht/ausgeliehen ; a ; i ; vehicle reading tableware
hang_up/hung_up ; auf|hängen ; a ; dp ; clothes picture mirror
wrap ; ein|packen ; a ; dp ; parcel tableware
get_up/got_up ; auf|stehen/steht/aufgestanden/s ; - ; - ; -
arrive ; an|kommen/kommt/angekommen/s ; - ; - ; -
come_back/came_back ; zurück|kommen/kommt/zurückgekommen/s ; - ; - ; -
leave_early/left_early ; früh los|fahren/fährt/losgefahren/s ; - ; - ; -
stay_at_home ; zu_Hause bleiben/bleibt/geblieben/s ; - ; - ; -
go_home/went_home ; nach_Hause gehen/geht/gegangen/s ; - ; - ; -
go_shopping/went_shopping ; ein|kaufen ; - ; - ; -
go_for_a_walk/went_for_a_walk ; spazieren gehen/geht/gegangen/s ; - ; - ; -
work ; arbeiten ; - ; - ; -
sleep_well/slept_well ; gut schlafen/schläft/geschlafen ; - ; - ; -
swim/swam ; schwimmen/schwimmt/geschwommen/s ; - ; - ; -
dance ; tanzen ; - ; - ; -
sing/sang ; singen/singt/gesungen ; - ; - ; -
learn_German ; Deutsch lernen ; - ; - ; -
play_football ; Fußball spielen ; - ; - ; -
play_tennis ; Tennis spielen ; - ; - ; -
play_the_piano ; Klavier spielen ; - ; - ; -
have_breakfast/had_breakfast ; frühstücken ; - ; - ; -
move_house ; um|ziehen/zieht/umgezogen/s ; - ; - ; -
ride_a_bike/rode_a_bike ; Rad fahren/fährt/gefahren/s ; - ; - ; -
tidy_up ; auf|räumen ; - ; - ; -
"""

NAMES = (
    "Anna:f Peter:m Maria:f Thomas:m Julia:f Paul:m Laura:f Felix:m Lena:f Max:m Sophie:f Jonas:m"
)
SURNAMES = "Weber Schmidt Fischer Wagner Becker Hoffmann Keller Richter Vogel Braun"
CITIES = """Berlin München:Munich Hamburg Köln:Cologne Wien:Vienna Zürich:Zurich Dresden Leipzig
Paris Rom:Rome London Prag:Prague Bremen Frankfurt Stuttgart Salzburg Venedig:Venice
Warschau:Warsaw Brüssel:Brussels Hannover:Hanover"""
COUNTRIES = """Italien:Italy Spanien:Spain Frankreich:France Polen:Poland Österreich:Austria
Griechenland:Greece Norwegen:Norway Schweden:Sweden Dänemark:Denmark Portugal Irland:Ireland
Japan Kanada:Canada Ungarn:Hungary Finnland:Finland"""
LANGUAGES = """Deutsch:German Englisch:English Französisch:French Spanisch:Spanish
Italienisch:Italian Polnisch:Polish Russisch:Russian Japanisch:Japanese Dänisch:Danish
Schwedisch:Swedish Griechisch:Greek Portugiesisch:Portuguese"""
# english Maskulinum Femininum
JOBS = """teacher Lehrer Lehrerin
doctor Arzt Ärztin
nurse Krankenpfleger Krankenpflegerin
cook Koch Köchin
engineer Ingenieur Ingenieurin
lawyer Anwalt Anwältin
baker Bäcker Bäckerin
journalist Journalist Journalistin
hairdresser Friseur Friseurin
farmer Bauer Bäuerin
actor Schauspieler Schauspielerin
painter Maler Malerin
gardener Gärtner Gärtnerin
mechanic Mechaniker Mechanikerin"""
WEEKDAYS = """Montag:Monday Dienstag:Tuesday Mittwoch:Wednesday Donnerstag:Thursday
Freitag:Friday Samstag:Saturday Sonntag:Sunday"""
MONTHS = """Januar:January Februar:February März:March April Mai:May Juni:June Juli:July
August September Oktober:October November Dezember:December"""
FUTURE = """tomorrow=morgen|today=heute|tomorrow morning=morgen früh|soon=bald
tomorrow evening=morgen Abend|this evening=heute Abend|next week=nächste Woche
this afternoon=heute Nachmittag|at the weekend=am Wochenende|in the morning=am Morgen
the day after tomorrow=übermorgen|after lunch=nach dem Mittagessen"""
LATER = """next month=nächsten Monat|next year=nächstes Jahr|in two weeks=in zwei Wochen
next week=nächste Woche|in three days=in drei Tagen|tomorrow=morgen|soon=bald"""
PAST = """yesterday=gestern|last week=letzte Woche|yesterday evening=gestern Abend
an hour ago=vor einer Stunde|a week ago=vor einer Woche|this morning=heute Morgen
the day before yesterday=vorgestern|two days ago=vor zwei Tagen"""
HABIT = """every day=jeden Tag|every week=jede Woche|every evening=jeden Abend
every morning=jeden Morgen|once a week=einmal pro Woche|twice a month=zweimal pro Monat
at the weekend=am Wochenende|in the evening=am Abend|in summer=im Sommer|in winter=im Winter
in spring=im Frühling|in autumn=im Herbst"""
AILMENTS = """a headache=Kopfschmerzen|a fever=Fieber|a cough=Husten|toothache=Zahnschmerzen
back pain=Rückenschmerzen|a sore throat=Halsschmerzen|a stomach ache=Bauchschmerzen
a cold=Schnupfen|earache=Ohrenschmerzen"""

"""The nouns of the phrasebook, grouped by meaning.

Each line is ``english[/plural] gender Deutsch Plural``; an underscore stands for a space, ``m*``
marks a weak masculine noun and ``-`` a noun without a plural. The group of a noun says which
verbs and adjectives go with it, which is what keeps the sentences sensible.
"""

NOUNS = """
[clothes]
shirt n Hemd Hemden
dress n Kleid Kleider
jacket f Jacke Jacken
coat m Mantel Mäntel
hat m Hut Hüte
skirt m Rock Röcke
sweater m Pullover Pullover
blouse f Bluse Blusen
tie f Krawatte Krawatten
scarf/scarves m Schal Schals
belt m Gürtel Gürtel
suit m Anzug Anzüge
cap f Mütze Mützen
[pairs]
shoe m Schuh Schuhe
boot m Stiefel Stiefel
glove m Handschuh Handschuhe
sock f Socke Socken
sandal f Sandale Sandalen
[belongings]
key m Schlüssel Schlüssel
bag f Tasche Taschen
wallet f Brieftasche Brieftaschen
umbrella m Regenschirm Regenschirme
watch f Uhr Uhren
ring m Ring Ringe
camera f Kamera Kameras
suitcase m Koffer Koffer
backpack m Rucksack Rucksäcke
notebook n Notizbuch Notizbücher
passport m Reisepass Reisepässe
mobile_phone n Handy Handys
charger n Ladegerät Ladegeräte
towel n Handtuch Handtücher
toothbrush f Zahnbürste Zahnbürsten
credit_card f Kreditkarte Kreditkarten
necklace f Kette Ketten
pen m Kugelschreiber Kugelschreiber
[furniture]
table m Tisch Tische
chair m Stuhl Stühle
bed n Bett Betten
sofa n Sofa Sofas
cupboard m Schrank Schränke
shelf/shelves n Regal Regale
carpet m Teppich Teppiche
mirror m Spiegel Spiegel
armchair m Sessel Sessel
desk m Schreibtisch Schreibtische
bench f Bank Bänke
[device]
computer m Computer Computer
television m Fernseher Fernseher
radio n Radio Radios
lamp f Lampe Lampen
printer m Drucker Drucker
fridge m Kühlschrank Kühlschränke
washing_machine f Waschmaschine Waschmaschinen
oven m Backofen Backöfen
heater f Heizung Heizungen
coffee_machine f Kaffeemaschine Kaffeemaschinen
vacuum_cleaner m Staubsauger Staubsauger
[opening]
door f Tür Türen
window n Fenster Fenster
drawer f Schublade Schubladen
gate n Tor Tore
box f Kiste Kisten
tin f Dose Dosen
curtain m Vorhang Vorhänge
[tableware]
knife/knives n Messer Messer
fork f Gabel Gabeln
spoon m Löffel Löffel
plate m Teller Teller
glass n Glas Gläser
cup f Tasse Tassen
bowl f Schüssel Schüsseln
napkin f Serviette Servietten
pan f Pfanne Pfannen
pot m Topf Töpfe
[dish]
soup f Suppe Suppen
salad m Salat Salate
sandwich n Sandwich Sandwiches
steak n Steak Steaks
pizza f Pizza Pizzen
omelette n Omelett Omeletts
sausage f Wurst Würste
roll n Brötchen Brötchen
schnitzel n Schnitzel Schnitzel
stew m Eintopf Eintöpfe
trout f Forelle Forellen
[sweet]
cake m Kuchen Kuchen
pancake m Pfannkuchen Pfannkuchen
dessert m Nachtisch Nachtische
waffle f Waffel Waffeln
tart f Torte Torten
[hot_drink]
coffee m Kaffee -
tea m Tee -
cocoa m Kakao -
[drink]
beer n Bier Biere
wine m Wein Weine
water n Wasser -
milk f Milch -
juice m Saft Säfte
lemonade f Limonade Limonaden
cider m Apfelwein -
[side]
rice m Reis -
bread n Brot Brote
cheese m Käse -
butter f Butter -
ham m Schinken -
garlic m Knoblauch -
cabbage m Kohl -
bacon m Speck -
[topping]
cream f Sahne -
sugar m Zucker -
honey m Honig -
chocolate f Schokolade -
[vegetable]
potato/potatoes f Kartoffel Kartoffeln
tomato/tomatoes f Tomate Tomaten
onion f Zwiebel Zwiebeln
mushroom m Pilz Pilze
carrot f Karotte Karotten
egg n Ei Eier
bean f Bohne Bohnen
olive f Olive Oliven
[fruit]
apple m Apfel Äpfel
pear f Birne Birnen
orange f Orange Orangen
cherry f Kirsche Kirschen
strawberry f Erdbeere Erdbeeren
nut f Nuss Nüsse
lemon f Zitrone Zitronen
grape f Traube Trauben
[room]
kitchen f Küche Küchen
bathroom n Badezimmer Badezimmer
living_room n Wohnzimmer Wohnzimmer
bedroom n Schlafzimmer Schlafzimmer
cellar m Keller Keller
garden m Garten Gärten
garage f Garage Garagen
office n Büro Büros
hallway m Flur Flure
[lodging]
house n Haus Häuser
flat f Wohnung Wohnungen
holiday_home n Ferienhaus Ferienhäuser
room n Zimmer Zimmer
cottage f Hütte Hütten
studio n Studio Studios
[feature]
balcony m Balkon Balkone
terrace f Terrasse Terrassen
shower f Dusche Duschen
bathtub f Badewanne Badewannen
fireplace m Kamin Kamine
lift m Aufzug Aufzüge
view f Aussicht Aussichten
[place]
railway_station m Bahnhof Bahnhöfe
airport m Flughafen Flughäfen
hospital n Krankenhaus Krankenhäuser
pharmacy f Apotheke Apotheken
post_office f Post -
church f Kirche Kirchen
market m Markt Märkte
supermarket m Supermarkt Supermärkte
school f Schule Schulen
university f Universität Universitäten
bakery f Bäckerei Bäckereien
bridge f Brücke Brücken
stadium n Stadion Stadien
embassy f Botschaft Botschaften
petrol_station f Tankstelle Tankstellen
car_park m Parkplatz Parkplätze
bus_stop f Bushaltestelle Bushaltestellen
fountain m Brunnen Brunnen
hotel n Hotel Hotels
bookshop f Buchhandlung Buchhandlungen
factory f Fabrik Fabriken
[sight]
museum n Museum Museen
castle n Schloss Schlösser
cathedral m Dom Dome
theatre n Theater Theater
cinema n Kino Kinos
zoo m Zoo Zoos
park m Park Parks
library f Bibliothek Bibliotheken
exhibition f Ausstellung Ausstellungen
restaurant n Restaurant Restaurants
café n Café Cafés
swimming_pool n Schwimmbad Schwimmbäder
town_hall n Rathaus Rathäuser
opera f Oper Opern
[landscape]
lake m See Seen
beach m Strand Strände
forest m Wald Wälder
island f Insel Inseln
mountain m Berg Berge
village n Dorf Dörfer
river m Fluss Flüsse
valley n Tal Täler
[vehicle]
car n Auto Autos
bicycle n Fahrrad Fahrräder
motorbike n Motorrad Motorräder
boat n Boot Boote
van m Lieferwagen Lieferwagen
caravan m Wohnwagen Wohnwagen
[rail]
train m Zug Züge
bus m Bus Busse
coach m Reisebus Reisebusse
night_train m Nachtzug Nachtzüge
express_train m Schnellzug Schnellzüge
[transport]
tram f Straßenbahn Straßenbahnen
ferry f Fähre Fähren
ship n Schiff Schiffe
[paper]
letter m Brief Briefe
form n Formular Formulare
contract m Vertrag Verträge
bill f Rechnung Rechnungen
report m Bericht Berichte
list f Liste Listen
application m Antrag Anträge
message f Nachricht Nachrichten
postcard f Postkarte Postkarten
document n Dokument Dokumente
[reading]
book n Buch Bücher
newspaper f Zeitung Zeitungen
magazine f Zeitschrift Zeitschriften
novel m Roman Romane
article m Artikel Artikel
poem n Gedicht Gedichte
fairy_tale n Märchen Märchen
[watching]
film m Film Filme
play n Theaterstück Theaterstücke
match n Spiel Spiele
concert n Konzert Konzerte
programme f Sendung Sendungen
[parcel]
parcel n Paket Pakete
present n Geschenk Geschenke
picture n Bild Bilder
bouquet m Blumenstrauß Blumensträuße
toy n Spielzeug Spielzeuge
doll f Puppe Puppen
vase f Vase Vasen
candle f Kerze Kerzen
photo n Foto Fotos
[event]
appointment m Termin Termine
meeting f Besprechung Besprechungen
trip f Reise Reisen
party f Feier Feiern
course m Kurs Kurse
lesson f Unterrichtsstunde Unterrichtsstunden
guided_tour f Führung Führungen
flight m Flug Flüge
interview n Vorstellungsgespräch Vorstellungsgespräche
lecture m Vortrag Vorträge
[male]
brother m Bruder Brüder
father m Vater Väter
son m Sohn Söhne
grandfather m Großvater Großväter
uncle m Onkel Onkel
husband m Mann Männer
friend m Freund Freunde
colleague m* Kollege Kollegen
neighbour m* Nachbar Nachbarn
boss m Chef Chefs
nephew m* Neffe Neffen
[female]
sister f Schwester Schwestern
mother f Mutter Mütter
daughter f Tochter Töchter
grandmother f Großmutter Großmütter
aunt f Tante Tanten
wife/wives f Frau Frauen
niece f Nichte Nichten
girlfriend f Freundin Freundinnen
[stranger]
waiter m Kellner Kellner
customer m* Kunde Kunden
guest m Gast Gäste
doctor m Arzt Ärzte
tourist m* Tourist Touristen
student m* Student Studenten
child/children n Kind Kinder
teacher m Lehrer Lehrer
boy m* Junge Jungen
girl n Mädchen Mädchen
lady f Dame Damen
dentist m Zahnarzt Zahnärzte
patient m* Patient Patienten
police_officer m* Polizist Polizisten
[animal]
dog m Hund Hunde
cat f Katze Katzen
horse n Pferd Pferde
bird m Vogel Vögel
cow f Kuh Kühe
sheep/sheep n Schaf Schafe
rabbit n Kaninchen Kaninchen
mouse/mice f Maus Mäuse
chicken n Huhn Hühner
duck f Ente Enten
goat f Ziege Ziegen
pig n Schwein Schweine
[body]
arm m Arm Arme
leg n Bein Beine
hand f Hand Hände
foot/feet m Fuß Füße
knee n Knie Knie
shoulder f Schulter Schultern
ear n Ohr Ohren
eye n Auge Augen
finger m Finger Finger
elbow m Ellenbogen Ellenbogen
[trunk]
head m Kopf Köpfe
back m Rücken Rücken
neck m Nacken Nacken
stomach m Magen Mägen
tooth/teeth m Zahn Zähne
throat m Hals Hälse
"""
